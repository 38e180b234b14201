"""The reports' thirty claims, the rules that decide them, and the ledger."""

"""What every other room stands on: kept files, the backend, bars, Ctrl-C."""

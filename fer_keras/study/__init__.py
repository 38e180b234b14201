"""What notebooks show and record: tables of scores, figures, and a small module where a notebook needs more."""

"""The nets of the reports and the user's own, and the recipes by which they are trained."""

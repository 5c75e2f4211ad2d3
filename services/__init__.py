"""PAR Index: intake, scoring and reporting, what they share, and the operator's command line."""

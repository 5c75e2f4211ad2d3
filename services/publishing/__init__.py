"""Publications: what the log says up to a cut, frozen. Made by a command, of scoring's replay and reporting's views."""

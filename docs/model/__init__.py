"""An executable model of how responses come to be counted exactly once: `make model`, README.md."""

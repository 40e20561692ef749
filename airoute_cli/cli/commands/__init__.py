"""The commands, one file each: plain arguments in, an exit code out."""

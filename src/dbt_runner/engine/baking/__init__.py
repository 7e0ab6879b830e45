"""The parse state that is made when the wheel is built."""

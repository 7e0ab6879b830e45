"""The checks, by subject; each looks at what one target of a bundle would deploy."""

"""The version of this package: that of the pmbot it came with."""

VERSION = "0.1.0"

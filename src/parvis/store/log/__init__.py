"""The log as files: tiles of hashes, checkpoints, time stamps. A mirror is a plain copy of them."""

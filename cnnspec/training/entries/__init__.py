"""The classes behind the names that a `training:` section may use; each module is loaded when one is used."""

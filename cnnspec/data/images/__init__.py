"""Files of images: found, checked, decoded, and brought into one shape."""

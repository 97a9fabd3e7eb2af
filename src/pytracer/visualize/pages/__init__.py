"""One file for each page: its path, its layout, and the callbacks that it registers."""

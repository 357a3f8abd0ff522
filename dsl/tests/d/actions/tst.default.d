BEGIN { } END { ; }

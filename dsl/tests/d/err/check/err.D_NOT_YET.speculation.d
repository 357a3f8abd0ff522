BEGIN { x = speculation(); }

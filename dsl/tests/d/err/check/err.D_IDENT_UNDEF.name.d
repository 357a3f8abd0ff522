BEGIN { foo; }

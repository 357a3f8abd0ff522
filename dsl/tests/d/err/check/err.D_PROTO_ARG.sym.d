BEGIN { sym("x"); }

enum { A }; enum { A }; BEGIN { trace(A); }

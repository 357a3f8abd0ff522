struct r { int a; }; struct o { int b; int c; }; translator struct o < struct r *R > { b = R->a; }; BEGIN { trace(xlate <struct o> ((struct r *)arg0).c); }

struct r { int a; }; struct o { int b; int c; }; BEGIN { trace(xlate <struct o> ((struct r *)arg0).b); }

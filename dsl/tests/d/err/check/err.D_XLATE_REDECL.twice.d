struct r { int a; }; struct o { int b; int c; }; translator struct o < struct r *R > { b = R->a; }; translator struct o < struct r *R > { c = R->a; };

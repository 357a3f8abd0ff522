struct r { int a; }; struct o { int b; int c; }; translator struct o < struct r *R > { b = "x"; };

struct r { int a; }; struct o { int b; int c; }; translator int < struct r *R > { b = 1; };

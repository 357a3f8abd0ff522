this char name[];

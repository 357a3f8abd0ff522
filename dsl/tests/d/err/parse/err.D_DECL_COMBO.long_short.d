long short x;

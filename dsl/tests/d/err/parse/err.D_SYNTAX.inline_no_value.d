inline int N;

provider p {
	int x;
};

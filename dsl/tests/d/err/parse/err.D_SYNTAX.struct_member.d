struct s {
	int a
};

/* A chain of thirty conditions. */
BEGIN
{
	this->x = 27;
	printf("%s\n", this->x == 0 ? "n0" : this->x == 1 ? "n1" : this->x == 2 ? "n2" : this->x == 3 ? "n3" : this->x == 4 ? "n4" : this->x == 5 ? "n5" : this->x == 6 ? "n6" : this->x == 7 ? "n7" : this->x == 8 ? "n8" : this->x == 9 ? "n9" : this->x == 10 ? "n10" : this->x == 11 ? "n11" : this->x == 12 ? "n12" : this->x == 13 ? "n13" : this->x == 14 ? "n14" : this->x == 15 ? "n15" : this->x == 16 ? "n16" : this->x == 17 ? "n17" : this->x == 18 ? "n18" : this->x == 19 ? "n19" : this->x == 20 ? "n20" : this->x == 21 ? "n21" : this->x == 22 ? "n22" : this->x == 23 ? "n23" : this->x == 24 ? "n24" : this->x == 25 ? "n25" : this->x == 26 ? "n26" : this->x == 27 ? "n27" : this->x == 28 ? "n28" : this->x == 29 ? "n29" : "none");
	exit(0);
}

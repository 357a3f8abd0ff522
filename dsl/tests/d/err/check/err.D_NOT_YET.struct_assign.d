struct s { int a; }; struct s *p; BEGIN { this->x = *p; }

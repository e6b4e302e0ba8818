package modules

// Dir is the flag -dir.
func Dir() string { return *dir }

package cli

// Nearest returns the word that name was most likely meant to be; empty if none is near: of
// three letters, two must be right.
func Nearest(name string, words []string) string {
	best, least := "", max(1, len(name)/3)+1
	for _, w := range words {
		if len(w)-len(name) >= least || len(name)-len(w) >= least {
			continue
		}
		if d := distance(name, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is the number of letters to insert, remove or replace, or of neighbours to swap,
// to make b of a.
func distance(a, b string) int {
	var before []int // the row above the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

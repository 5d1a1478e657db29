module crossfade/bench/collected

go 1.22

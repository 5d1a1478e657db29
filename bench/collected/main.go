// A service with Go's own collector, for the trial `diagnosis --sides go`. It keeps entries in a map
// and a list, as an LRU cache does, and replaces some with each request. With -flat it keeps the
// same entries in one array without pointers, of which the collector has nothing to trace.
package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"
)

type entry struct {
	key          string
	older, newer *entry
	values       [6]int64
}

type flat struct {
	key    int64
	values [6]int64
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "address to listen on")
	count := flag.Int("entries", 2_000_000, "entries held")
	isFlat := flag.Bool("flat", false, "hold them without pointers")
	churn := flag.Int("churn", 250, "entries replaced by each request")
	flag.Parse()

	var mutex sync.Mutex
	next := 0
	var replace func()
	if *isFlat {
		held := make([]flat, *count)
		replace = func() { held[next%*count] = flat{key: int64(next)} }
	} else {
		held := make(map[int]*entry, *count)
		var newest *entry
		replace = func() {
			made := &entry{key: strconv.Itoa(next), older: newest}
			if newest != nil {
				newest.newer = made
			}
			newest = made
			if gone := held[next%*count]; gone != nil && gone.newer != nil {
				gone.newer.older = nil
			}
			held[next%*count] = made
		}
	}
	for ; next < *count; next++ {
		replace()
	}
	runtime.GC()

	http.HandleFunc("/metrics", func(answer http.ResponseWriter, _ *http.Request) {
		var stats debug.GCStats
		debug.ReadGCStats(&stats)
		fmt.Fprintf(answer, "go_gc_duration_seconds_sum %g\n", stats.PauseTotal.Seconds())
		fmt.Fprintf(answer, "go_gc_duration_seconds_count %d\n", stats.NumGC)
		ended := float64(stats.LastGC.UnixNano()) / float64(time.Second)
		fmt.Fprintf(answer, "go_memstats_last_gc_time_seconds %.6f\n", ended)
	})
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		mutex.Lock()
		for range *churn {
			replace()
			next++
		}
		mutex.Unlock()
		answer.Header().Set("content-type", "application/json")
		fmt.Fprint(answer, `{"ok":true}`)
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}

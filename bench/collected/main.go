// A service with Go's own collector, for the trial `diagnosis --sides go`. It holds users' entries
// on the heap, as an LRU cache does, and renders a user's answer from them. With -flat it holds the
// same in one array without pointers, of which the collector has nothing to trace, and renders it
// without garbage. Its metrics are those that the Prometheus client exposes by itself.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"hash/fnv"
	"log"
	"net/http"
	"runtime"
	"strconv"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// state is an entry as such a service has it: ids as text, times, fields that may be missing.
type state struct {
	ChannelID     string `json:"channel_id"`
	LastMessageID string `json:"last_message_id"`
	LastPin       *int64 `json:"last_pin"`
	Mentions      *int   `json:"mention_count"`
	older, newer  *state
}

type flatState struct {
	channel, lastMessage, lastPin int64
	mentions                      int32
}

type cache interface {
	// answer renders `count` entries from `first` on, and replaces the first `churn` of them.
	answer(first, count, churn int) []byte
}

type heapCache struct {
	byChannel map[int]*state
	newest    *state
	list      []*state
	text      bytes.Buffer
}

func newHeapCache(entries int) *heapCache {
	held := &heapCache{byChannel: make(map[int]*state, entries)}
	for i := range entries {
		held.put(i)
	}
	return held
}

func (held *heapCache) put(channel int) {
	pin, mentions := int64(channel), channel%10
	made := &state{
		ChannelID:     strconv.Itoa(1_000_000_000 + channel),
		LastMessageID: strconv.Itoa(2_000_000_000 + channel),
		LastPin:       &pin,
		Mentions:      &mentions,
		older:         held.newest,
	}
	if gone := held.byChannel[channel]; gone != nil {
		held.unlink(gone)
	}
	if held.newest != nil {
		held.newest.newer = made
	}
	held.newest = made
	held.byChannel[channel] = made
}

func (held *heapCache) unlink(gone *state) {
	if gone.older != nil {
		gone.older.newer = gone.newer
	}
	if gone.newer != nil {
		gone.newer.older = gone.older
	} else {
		held.newest = gone.older
	}
}

func (held *heapCache) answer(first, count, churn int) []byte {
	held.list = held.list[:0]
	for i := range count {
		held.list = append(held.list, held.byChannel[(first+i)%len(held.byChannel)])
	}
	held.text.Reset()
	if err := json.NewEncoder(&held.text).Encode(held.list); err != nil {
		log.Fatal(err)
	}
	for i := range churn {
		held.put((first + i) % len(held.byChannel))
	}
	return held.text.Bytes()
}

type flatCache struct {
	states []flatState
	text   []byte
}

func newFlatCache(entries int) *flatCache {
	held := &flatCache{states: make([]flatState, entries)}
	for i := range held.states {
		held.put(i)
	}
	return held
}

func (held *flatCache) put(channel int) {
	id := int64(channel)
	held.states[channel] = flatState{1_000_000_000 + id, 2_000_000_000 + id, id, int32(id % 10)}
}

func (held *flatCache) answer(first, count, churn int) []byte {
	text := append(held.text[:0], '[')
	for i := range count {
		each := held.states[(first+i)%len(held.states)]
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"channel_id":"`...)
		text = strconv.AppendInt(text, each.channel, 10)
		text = append(text, `","last_message_id":"`...)
		text = strconv.AppendInt(text, each.lastMessage, 10)
		text = append(text, `","last_pin":`...)
		text = strconv.AppendInt(text, each.lastPin, 10)
		text = append(text, `,"mention_count":`...)
		text = strconv.AppendInt(text, int64(each.mentions), 10)
		text = append(text, '}')
	}
	held.text = append(text, ']')
	for i := range churn {
		held.put((first + i) % len(held.states))
	}
	return held.text
}

// asked is one request's question to the one goroutine that owns the cache.
type asked struct {
	first int
	done  chan []byte
}

func main() {
	listen := flag.String("listen", "127.0.0.1:9001", "address to listen on")
	entries := flag.Int("entries", 3_000_000, "entries held")
	isFlat := flag.Bool("flat", false, "hold them without pointers, render without garbage")
	count := flag.Int("count", 300, "entries that an answer is rendered from")
	churn := flag.Int("churn", 1, "entries that each request replaces")
	shown := flag.Int("shown", 200, "bytes of it that are sent")
	flag.Parse()

	var held cache
	if *isFlat {
		held = newFlatCache(*entries)
	} else {
		held = newHeapCache(*entries)
	}
	runtime.GC()

	questions := make(chan asked, 1024)
	go func() {
		for each := range questions {
			text := held.answer(each.first, *count, *churn)
			each.done <- append([]byte(nil), text[:min(*shown, len(text))]...)
		}
	}()
	http.Handle("/metrics", promhttp.Handler())
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		hash := fnv.New32a()
		hash.Write([]byte(request.URL.Path))
		question := asked{first: int(hash.Sum32()) % *entries, done: make(chan []byte, 1)}
		questions <- question
		answer.Header().Set("content-type", "application/octet-stream")
		answer.Write(<-question.done)
	})
	log.Fatal(http.ListenAndServe(*listen, nil))
}

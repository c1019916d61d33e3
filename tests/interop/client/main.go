// A device of undertone.v1 in Go, written from the protocol's documents alone, with the standard library only.
//
// client HOST:PORT TOKEN COUNT: delivers COUNT events through whatever the server does, says goodbye and ends with 0.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

type message map[string]any

type device struct {
	last    int             // the largest number given to an event; all are kept until they are acknowledged
	acked   int             // everything up to here is safe at the server
	done    map[string]bool // commands that were done, by id
	answers map[string]message
	wait    time.Duration // before the next try; doubles until something is acknowledged
}

const (
	firstWait   = 100 * time.Millisecond
	longestWait = 5 * time.Second
	refusedWait = 5 * time.Minute // somebody has to act first
)

func main() {
	count, _ := strconv.Atoi(os.Args[3])
	d := &device{last: 2 * count, done: map[string]bool{}, answers: map[string]message{}, wait: firstWait}
	for attempt := 0; attempt < 50; attempt++ {
		if d.talk(os.Args[1], os.Args[2]) {
			return
		}
		time.Sleep(d.wait)
		d.wait = min(max(2*d.wait, firstWait), longestWait)
	}
	fmt.Fprintln(os.Stderr, "gave up")
	os.Exit(1)
}

// talk holds one connection; true when everything is delivered and goodbye is said.
func (d *device) talk(address, token string) bool {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	defer connection.Close()
	s, err := open(connection, address, token)
	if err != nil {
		if strings.Contains(err.Error(), " 401 ") || strings.Contains(err.Error(), " 403 ") {
			d.wait = refusedWait
		}
		return false
	}
	s.say(message{"type": "hello", "device": "desk-1", "firmware": "go", "boot": "b", "last_seq": d.last,
		"clock_synchronised": true, "capabilities": []string{"identify"}})
	position, window := -1, 0
	for {
		text, err := s.read()
		if err != nil {
			return false
		}
		var m message
		if json.Unmarshal(text, &m) != nil {
			return false
		}
		switch m["type"] {
		case "welcome":
			position, window = number(m["resume_after"]), 256
			d.acked = position
			if limit, told := m["max_in_flight"]; told {
				window = number(limit)
			}
		case "ack":
			seq := number(m["seq"])
			if seq > position { // never sent: to believe it would be to lose events
				return false
			}
			if seq > d.acked {
				d.acked, d.wait = seq, firstWait
			}
		case "ping":
			s.say(message{"type": "pong", "id": m["id"]})
		case "command":
			s.say(d.answer(m))
		case "bye":
			if asked, told := m["retry_after_s"].(float64); told {
				d.wait = max(d.wait, time.Duration(asked*float64(time.Second)))
			}
			return false
		} // a newer type is ignored
		if position < 0 {
			continue
		}
		if d.acked >= d.last {
			s.say(message{"type": "bye", "reason": "stopping"})
			s.close()
			return true
		}
		for next := position + 2 - position%2; next <= d.last && (next-d.acked+1)/2 <= window; next += 2 {
			s.say(message{"type": "event", "envelope": envelope(next)})
			position = next
		}
	}
}

// answer does a command once, and gives the same result each time.
func (d *device) answer(m message) message {
	id := m["id"].(string)
	if !d.done[id] {
		d.done[id] = true
		result := message{"type": "result", "id": id, "ok": m["name"] == "identify"}
		if m["name"] != "identify" {
			result["code"], result["error"] = "unknown_command", "this device knows only identify"
		}
		d.answers[id] = result
	}
	return d.answers[id]
}

// envelope gives the event of a number; numbers are even, for they may have holes.
func envelope(seq int) message {
	event := message{"type": "notice", "who": "both", "start_sample": 0, "end_sample": 0, "start_s": 0, "end_s": 0,
		"code": "interop", "text": fmt.Sprint("word ", seq)}
	return message{"seq": seq, "call": "interop", "occurred_at": "2026-03-01T09:00:00.000Z",
		"clock_synchronised": true, "event": event}
}

func number(value any) int {
	found, _ := value.(float64)
	return int(found)
}

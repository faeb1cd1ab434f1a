// Segment's SDK for Go: says one of everything, then TRACKS events, a few at a time.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/segmentio/analytics-go/v3"
)

type callback struct{ sent *atomic.Int64 }

func (c callback) Success(analytics.Message) { c.sent.Add(1) }
func (callback) Failure(_ analytics.Message, err error) {
	log.Fatalf("lost: %v", err)
}

func enqueue(client analytics.Client, message analytics.Message) {
	if err := client.Enqueue(message); err != nil {
		log.Fatal(err)
	}
}

func main() {
	var sent atomic.Int64
	tracks, _ := strconv.Atoi(os.Getenv("TRACKS"))
	client, err := analytics.NewWithConfig(os.Getenv("KEY"), analytics.Config{
		Endpoint:  os.Getenv("URL"),
		BatchSize: 5,
		Interval:  300 * time.Millisecond,
		Callback:  callback{&sent},
		// Ten attempts with the usual pauses take some three seconds, less than a restart on a busy machine.
		RetryAfter: func(int) time.Duration { return time.Second },
	})
	if err != nil {
		log.Fatal(err)
	}
	enqueue(client, analytics.Identify{UserId: "user-1", Traits: analytics.Traits{"name": "Ann Lee", "email": "ann@example.com", "plan": "Grow", "logins": 5}})
	enqueue(client, analytics.Track{UserId: "user-1", Event: "Signed Up", Properties: analytics.Properties{"source": "ad", "amount": 12.5}, MessageId: "track-1"})
	enqueue(client, analytics.Page{UserId: "user-1", Name: "Index", Properties: analytics.Properties{"path": "/docs", "category": "Docs"}, MessageId: "page-1"})
	enqueue(client, analytics.Screen{UserId: "user-1", Name: "Home", Properties: analytics.Properties{"tab": "start", "category": "App"}, MessageId: "screen-1"})
	enqueue(client, analytics.Group{UserId: "user-1", GroupId: "org-7", Traits: analytics.Traits{"name": "Acme"}})
	enqueue(client, analytics.Alias{UserId: "user-1", PreviousId: "anon-1"})
	for number := 0; number < tracks; number++ {
		enqueue(client, analytics.Track{UserId: "user-2", Event: "Counted", Properties: analytics.Properties{"number": number}, MessageId: fmt.Sprintf("counted-%d", number)})
		time.Sleep(100 * time.Millisecond)
	}
	// A client that is closed gives up what it could not send.
	for second := 0; sent.Load() < int64(6+tracks) && second < 60; second++ {
		time.Sleep(time.Second)
	}
	if err := client.Close(); err != nil {
		log.Fatal(err)
	}
}

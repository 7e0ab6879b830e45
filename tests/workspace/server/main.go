// Command server is the workspace of the bench: the Databricks CLI's own test server, on loopback,
// until a signal ends it. Its address is the first line of standard output; then every request is a
// line of JSON. What it cannot answer goes to standard error, and it then ends with 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/databricks/cli/libs/testserver"
)

// request is what the record holds of one; a file's content is left out.
type request struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
}

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	complaints := &complaints{}
	server := testserver.New(complaints)
	var mutex sync.Mutex
	server.RequestCallback = func(r *testserver.Request) {
		body := r.Body
		if !json.Valid(body) {
			body = []byte("null")
		}
		line, err := json.Marshal(request{r.Method, r.URL.Path, body})
		if err != nil {
			complaints.Error(err)
		}
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Println(string(line))
	}
	testserver.AddDefaultHandlers(server)
	fmt.Println(server.URL)

	<-stop
	for _, cleanup := range complaints.cleanups {
		cleanup()
	}
	if complaints.any.Load() {
		os.Exit(1)
	}
}

// complaints stands in for *testing.T, which the test server asks for.
type complaints struct {
	any      atomic.Bool
	cleanups []func()
}

func (c *complaints) Log(args ...any)                   { fmt.Fprintln(os.Stderr, args...) }
func (c *complaints) Logf(format string, args ...any)   { fmt.Fprintf(os.Stderr, format+"\n", args...) }
func (c *complaints) Error(args ...any)                 { c.any.Store(true); c.Log(args...) }
func (c *complaints) Errorf(format string, args ...any) { c.any.Store(true); c.Logf(format, args...) }
func (c *complaints) Fatal(args ...any)                 { c.Log(args...); os.Exit(1) }
func (c *complaints) Fatalf(format string, args ...any) { c.Logf(format, args...); os.Exit(1) }
func (c *complaints) Skip(args ...any)                  { c.Fatal(args...) }
func (c *complaints) Skipf(format string, args ...any)  { c.Fatalf(format, args...) }
func (c *complaints) FailNow()                          { os.Exit(1) }
func (c *complaints) Cleanup(f func())                  { c.cleanups = append(c.cleanups, f) }
func (c *complaints) Context() context.Context          { return context.Background() }
func (c *complaints) Setenv(key, value string)          { os.Setenv(key, value) }
func (c *complaints) TempDir() string                   { return os.TempDir() }
func (c *complaints) Helper()                           {}

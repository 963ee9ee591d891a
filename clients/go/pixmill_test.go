package pixmill

// Tests the library with the vectors that all libraries share: `go test`.

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

type vector struct {
	Name, Base, Path, URL, Key, Text, Signed, Srcset, Call, Error string
	Params                                                        Params
	StripPrefix                                                   string `json:"strip_prefix"`
	Upload                                                        bool
	Widths, Densities                                             []float64
}

func (one vector) set(key string) (string, error) {
	return Srcset(one.Base, one.Path, one.Params, SrcsetOptions{Widths: one.Widths, Densities: one.Densities, Key: key})
}

func vectors(t *testing.T, kind string) []vector {
	t.Helper()
	text, err := os.ReadFile("../vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	var found []vector
	if err := json.Unmarshal(all[kind], &found); err != nil {
		t.Fatal(err)
	}
	if len(found) < 5 {
		t.Fatalf("only %d vectors of %s", len(found), kind)
	}
	return found
}

func check(t *testing.T, name, expected, found string, err error) {
	t.Helper()
	if err != nil {
		found = err.Error()
	}
	if found != expected {
		t.Errorf("%s:\nexpected %s\ngot      %s", name, expected, found)
	}
}

func TestBuild(t *testing.T) {
	for _, one := range vectors(t, "build") {
		url, err := Build(one.Base, one.Path, one.Params)
		check(t, one.Name, one.URL, url, err)
	}
}

func TestSign(t *testing.T) {
	for _, one := range vectors(t, "sign") {
		options := SignOptions{Upload: one.Upload, StripPrefix: one.StripPrefix}
		text, err := SignedText(one.URL, options)
		check(t, one.Name, one.Text, text, err)
		url, err := Sign(one.URL, one.Key, options)
		check(t, one.Name, one.Signed, url, err)
	}
}

func TestSrcset(t *testing.T) {
	for _, one := range vectors(t, "srcset") {
		set, err := one.set("")
		check(t, one.Name, one.Srcset, set, err)
		set, err = one.set(one.Key)
		check(t, one.Name, one.Signed, set, err)
	}
}

func TestRefused(t *testing.T) {
	for _, one := range vectors(t, "refused") {
		var err error
		switch one.Call {
		case "build":
			_, err = Build(one.Base, one.Path, one.Params)
		case "sign":
			_, err = Sign(one.URL, one.Key, SignOptions{StripPrefix: one.StripPrefix})
		default:
			_, err = one.set("")
		}
		check(t, one.Error, one.Error, "no error", err)
	}
}

func TestTypes(t *testing.T) {
	type word string
	url, err := Build("", "a.jpg", Params{"width": int64(3), "crop": []int{1, 2, 3, 4}, "format": word("webp"), "flip": true,
		"layers": []map[string]any{{"text": "a", "x": float32(0.5)}}})
	check(t, "types", "/a.jpg?crop=1%2C2%2C3%2C4&flip=true&format=webp&layers=%5B%7B%22text%22%3A%22a%22%2C%22x%22%3A0.5%7D%5D&width=3", url, err)
	for _, width := range []float64{math.NaN(), math.Inf(1), 1e300} {
		if _, err := Build("", "a.jpg", Params{"width": width}); err == nil || !strings.HasPrefix(err.Error(), "width: expected a whole number") {
			t.Errorf("%v: %v", width, err)
		}
	}
}

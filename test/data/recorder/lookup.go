// Looks up one name after another with Go's own resolver.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

func main() {
	resolver := &net.Resolver{PreferGo: true}
	for i, name := range os.Args[1:] {
		before := time.Now()
		found, err := resolver.LookupIPAddr(context.Background(), name)
		ms := float64(time.Since(before).Microseconds()) / 1e3
		a, aaaa := 0, 0
		for _, one := range found {
			if one.IP.To4() != nil {
				a++
			} else {
				aaaa++
			}
		}
		result := fmt.Sprintf("ok:%dxA+%dxAAAA", a, aaaa)
		if err != nil {
			result = err.Error()
			var dnsError *net.DNSError
			if errors.As(err, &dnsError) {
				result = dnsError.Err
			}
		}
		fmt.Printf("%d %s %.1f\n", i+1, strings.ReplaceAll(result, " ", "_"), ms)
	}
}

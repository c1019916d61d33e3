package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// As much of RFC 6455 as a client needs that sends whole text messages.
type socket struct {
	connection net.Conn
	reader     *bufio.Reader
}

func open(connection net.Conn, address, token string) (*socket, error) {
	fmt.Fprintf(connection, "GET /v1/device HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Protocol: undertone.v1\r\nAuthorization: Bearer %s\r\n\r\n", address, token)
	s := &socket{connection, bufio.NewReader(connection)}
	status, err := s.reader.ReadString('\n')
	if err != nil || !strings.Contains(status, " 101 ") {
		return nil, errors.New("refused: " + status)
	}
	for {
		line, err := s.reader.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if line == "\r\n" {
			return s, nil
		}
	}
}

func (s *socket) say(m message) {
	text, _ := json.Marshal(m)
	s.frame(1, text)
}

func (s *socket) close() { s.frame(8, []byte{3, 232}) }

// frame sends one masked frame (section 5.2); a mask of zeros is one that nobody else can choose here.
func (s *socket) frame(opcode byte, payload []byte) {
	head := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	default:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	}
	s.connection.Write(append(append(head, 0, 0, 0, 0), payload...))
}

// read gives the next text message; pings of the WebSocket are answered by the way.
func (s *socket) read() ([]byte, error) {
	var whole []byte
	for {
		var head [2]byte
		if _, err := io.ReadFull(s.reader, head[:]); err != nil {
			return nil, err
		}
		n := uint64(head[1] & 0x7f)
		if n >= 126 {
			wide := make([]byte, map[uint64]int{126: 2, 127: 8}[n])
			if _, err := io.ReadFull(s.reader, wide); err != nil {
				return nil, err
			}
			n = binary.BigEndian.Uint64(append(make([]byte, 8-len(wide)), wide...))
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(s.reader, payload); err != nil {
			return nil, err
		}
		switch opcode := head[0] & 0x0f; {
		case opcode == 8:
			return nil, io.EOF
		case opcode == 9:
			s.frame(10, payload)
		case opcode <= 2:
			whole = append(whole, payload...)
			if head[0]&0x80 != 0 {
				return whole, nil
			}
		}
	}
}

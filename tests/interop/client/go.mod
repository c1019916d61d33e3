module undertone.invalid/client

go 1.21

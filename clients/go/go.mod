module pixmill.example/url

go 1.19

package wasmparse_test

// Why some of the suite's assertions do not apply.
const (
	multiValue  = "version 2 has several results"
	multiTable  = "version 2 has several tables"
	subtyping   = "version 2 has labels of one arity agree in unreachable code"
	tableIndex  = "the byte has become a table index"
	rangeText   = "version 2 says length out of bounds"
	twice       = "malformed twice: the rest of the section is no section, and bodies are read after all sections"
	flatReading = "we do not read on after the end of a section or body, and so say what is missing there"
	tags        = "tags may be imported, what follows is missing"
	sharedFlag  = "memories may be shared, what follows is missing"
	noDataCount = "the file was assembled without the data count section that the instruction needs"
	noTypes     = "the file was assembled as the select without types"
	extended    = "extended constant expressions: the addition is constant, its type wrong"
)

// differs lists the assertions of the suite that do not hold with all features
// together, or where our text is another for a reason. An entry that passes is an
// error.
var differs = map[string]string{
	"v1/binary.json:50":             tableIndex,
	"v1/binary.json:69":             tableIndex,
	"v1/binary.json:88":             tableIndex,
	"v1/binary.json:106":            tableIndex,
	"v1/binary.json:124":            tableIndex,
	"v1/binary.json:425":            rangeText,
	"v1/binary.json:626":            flatReading,
	"v1/binary.json:763":            flatReading,
	"v1/custom.json:85":             rangeText,
	"v1/func.json:493":              multiValue,
	"v1/func.json:497":              multiValue,
	"v1/imports.json:310":           multiTable,
	"v1/imports.json:314":           multiTable,
	"v1/imports.json:318":           multiTable,
	"v1/type.json:53":               multiValue,
	"v1/type.json:57":               multiValue,
	"v1/unreached-invalid.json:539": subtyping,

	"v2/binary-leb128.json:405": twice,
	"v2/binary-leb128.json:462": twice,
	"v2/binary-leb128.json:731": twice,
	"v2/binary-leb128.json:751": twice,
	"v2/binary-leb128.json:846": twice,
	"v2/binary-leb128.json:866": twice,
	"v2/binary.json:93":         flatReading,
	"v2/binary.json:113":        flatReading,
	"v2/binary.json:680":        tags,
	"v2/binary.json:690":        tags,
	"v2/binary.json:852":        sharedFlag,
	"v2/binary.json:929":        flatReading,
	"v2/memory_init.json:190":   noDataCount,
	"v2/memory_init.json:227":   noDataCount,
	"v2/select.json:324":        noTypes,

	"typed-function-references/elem.json:886": extended,
}

package host

import "github.com/lunatic-go/lunatic/runner"

// Of lunatic::process, what concerns configurations:
//
//	create_config, drop_config
//	config_set_max_memory, config_get_max_memory
//	config_set_max_fuel, config_get_max_fuel
//	config_set_can_compile_modules, config_can_compile_modules
//	config_set_can_create_configs, config_can_create_configs
//	config_set_can_spawn_processes, config_can_spawn_processes
//
// and what Lunatic does not have:
//
//	config_set_max_messages, config_get_max_messages   0: the default
//	config_set_max_mailbox, config_get_max_mailbox     bytes; 0: the default
//	config_allow_connect, config_deny_connect          rules: see runner.Rule
//	config_allow_listen, config_deny_listen
//	config_allow_resolve, config_deny_resolve
//	config_forbid_namespace
//
// A child gets what is in the configuration and what its parent has, not more: see
// runner.Process.Derive. The functions that set something tell nothing of that.
var configFuncs = []runner.Func{
	{Name: "create_config", Type: "-> i64", Call: createConfig},
	{Name: "drop_config", Type: "i64", Call: dropConfig},

	{Name: "config_set_max_memory", Type: "i64 i64", Call: configSet(func(c *config, n uint64) { c.memory = n; c.c.MaxMemory = max(n, 1) })},
	{Name: "config_get_max_memory", Type: "i64 -> i64", Call: configGet(func(c *config) uint64 { return c.memory })},
	{Name: "config_set_max_fuel", Type: "i64 i64", Call: configSet(func(c *config, n uint64) { c.c.MaxFuel = n })},
	{Name: "config_get_max_fuel", Type: "i64 -> i64", Call: configGet(func(c *config) uint64 { return c.c.MaxFuel })},
	{Name: "config_set_max_messages", Type: "i64 i64", Call: configSet(func(c *config, n uint64) { c.c.MaxMessages = toInt(n) })},
	{Name: "config_get_max_messages", Type: "i64 -> i64", Call: configGet(func(c *config) uint64 { return uint64(c.c.MaxMessages) })},
	{Name: "config_set_max_mailbox", Type: "i64 i64", Call: configSet(func(c *config, n uint64) { c.c.MaxMailbox = toInt(n) })},
	{Name: "config_get_max_mailbox", Type: "i64 -> i64", Call: configGet(func(c *config) uint64 { return uint64(c.c.MaxMailbox) })},

	{Name: "config_can_compile_modules", Type: "i64 -> i32", Call: may(runner.MayCompile)},
	{Name: "config_set_can_compile_modules", Type: "i64 i32", Call: setMay(runner.MayCompile)},
	{Name: "config_can_create_configs", Type: "i64 -> i32", Call: may(runner.MayConfigure)},
	{Name: "config_set_can_create_configs", Type: "i64 i32", Call: setMay(runner.MayConfigure)},
	{Name: "config_can_spawn_processes", Type: "i64 -> i32", Call: may(runner.MaySpawn)},
	{Name: "config_set_can_spawn_processes", Type: "i64 i32", Call: setMay(runner.MaySpawn)},

	{Name: "config_allow_connect", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Connect.Allow })},
	{Name: "config_deny_connect", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Connect.Deny })},
	{Name: "config_allow_listen", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Listen.Allow })},
	{Name: "config_deny_listen", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Listen.Deny })},
	{Name: "config_allow_resolve", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Resolve.Allow })},
	{Name: "config_deny_resolve", Type: "i64 i32 i32 i32 -> i32", Call: configRule(func(n *runner.Network) *[]runner.Rule { return &n.Resolve.Deny })},
	{Name: "config_forbid_namespace", Type: "i64 i32 i32", Call: forbidNamespace},
}

// A config is a configuration that the guest is still making.
type config struct {
	c      runner.ProcessConfig
	memory uint64 // as it was set
	size   int    // bytes of the strings in it
	// derived is what children get, until the guest changes c.
	derived *runner.ProcessConfig
}

var configurations = runner.NewKind[*config]("configuration")

// Bounds of what a process can have in configurations.
const (
	maxConfigs     = 1024
	maxConfigSize  = 128 << 10 // bytes of strings in one
	maxConfigItems = 1024      // strings, directories or rules, each of them
)

func createConfig(p *runner.Process, stack []uint64) {
	if p.Permitted(runner.MayConfigure) != nil {
		stack[0] = deniedI64
		return
	}
	if configurations.Len(p) >= maxConfigs {
		p.Fail("", "the process has %d configurations, more are not allowed", maxConfigs)
	}
	stack[0] = configurations.Add(p, &config{memory: runner.DefaultMaxMemory})
}

func dropConfig(p *runner.Process, stack []uint64) { configurations.Remove(p, "config_id", stack[0]) }

// changed returns a configuration that is about to be changed.
func changed(p *runner.Process, id uint64) *config {
	c := configurations.Get(p, "config_id", id)
	c.derived = nil
	return c
}

// forChildren returns what a child gets.
func (c *config) forChildren(p *runner.Process) (*runner.ProcessConfig, error) {
	if c.derived == nil {
		var err error
		if c.derived, err = p.Derive(&c.c); err != nil {
			return nil, err
		}
	}
	return c.derived, nil
}

// grow traps if the configuration would become too large by a string, of which it has n
// alike.
func (c *config) grow(p *runner.Process, argument string, n, size int) {
	if n >= maxConfigItems || c.size+size > maxConfigSize {
		p.Fail(argument, "the configuration is too large: %d entries and %d bytes are allowed", maxConfigItems, maxConfigSize)
	}
	c.size += size
}

func configSet(set func(*config, uint64)) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) { set(changed(p, stack[0]), stack[1]) }
}

func configGet(get func(*config) uint64) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		stack[0] = get(configurations.Get(p, "config_id", stack[0]))
	}
}

func may(one runner.Permission) func(*runner.Process, []uint64) {
	return configGet(func(c *config) uint64 { return bit(c.c.May&one != 0) })
}

func setMay(one runner.Permission) func(*runner.Process, []uint64) {
	return configSet(func(c *config, on uint64) {
		if c.c.May &^= one; on != 0 {
			c.c.May |= one
		}
	})
}

// toInt limits a number to what an int of any machine holds.
func toInt(n uint64) int { return int(min(n, 1<<31-1)) }

// configRule returns the function (config_id, rule_ptr, rule_len, id_ptr) -> status that
// adds a rule to a list. Status 1 is a rule that is not understood.
func configRule(list func(*runner.Network) *[]runner.Rule) func(*runner.Process, []uint64) {
	return func(p *runner.Process, stack []uint64) {
		c := changed(p, stack[0])
		text := p.Text("rule_str", stack[1], stack[2])
		p.Bytes("id_ptr", stack[3], 8)
		rule, err := runner.ParseRule(text)
		if err == nil {
			// The rule has to be one of its list.
			var one runner.Network
			*list(&one) = []runner.Rule{rule}
			err = one.Check()
		}
		if err != nil {
			stack[0] = fail(p, "id_ptr", stack[3], err)
			return
		}
		rules := list(&c.c.Net)
		c.grow(p, "rule_str", len(*rules), len(text))
		*rules = append(*rules, rule)
		stack[0] = ok
	}
}

// forbidNamespace is config_forbid_namespace. A name that nobody knows has no effect.
func forbidNamespace(p *runner.Process, stack []uint64) {
	c := changed(p, stack[0])
	name := p.Text("namespace_str", stack[1], stack[2])
	c.grow(p, "namespace_str", len(c.c.Forbid), len(name))
	c.c.Forbid = append(c.c.Forbid, name)
}

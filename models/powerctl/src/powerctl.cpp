#include "smmuvp/powerctl/powerctl.h"

#include <string>

#include "smmuvp/tlm/device_tree.h"
#include "smmuvp/tlm/process.h"
#include "smmuvp/tlm/register_access.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::uint32_t, bool> trace_line{"powerctl.line", "a line changed", {"line", "level"}};

enum Id : std::uint16_t { ID, COUNT, LEVEL, SET, CLEAR };

constexpr const char* sheet = "docs/devices.md, powerctl";

std::vector<RegisterInfo> table(std::uint64_t lines, std::uint64_t level) {
  const std::uint64_t all = (std::uint64_t{1} << lines) - 1;
  return {
      {ID, "ID", 0x000, 4, Access::RO, 0x4c525750, 0, sheet},
      {COUNT, "COUNT", 0x004, 4, Access::RO, lines, 0, sheet},
      {LEVEL, "LEVEL", 0x008, 4, Access::RW, level & all, all, sheet},
      {SET, "SET", 0x00c, 4, Access::WO, 0, all, sheet},
      {CLEAR, "CLEAR", 0x010, 4, Access::WO, 0, all, sheet},
  };
}

std::string line_name(std::size_t i) { return "line" + std::to_string(i); }

}  // namespace

Powerctl::Powerctl(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "powerctl", params, host),
      registers("registers"),
      line("lines"),
      reset("reset"),
      m_registers(table(params.uint("lines"), params.uint("level")), *this),
      m_tracer(this->host().trace(), this->name()),
      m_ports{Port::registers("registers", &registers, "registers, 4 KiB", window)} {
  registers.register_b_transport(this, &Powerctl::b_transport);
  registers.register_transport_dbg(this, &Powerctl::transport_dbg);
  line.init(params.uint("lines"),
            [](const char*, std::size_t i) { return new LineOut(line_name(i).c_str()); });
  for (std::size_t i = 0; i < line.size(); ++i) {
    // Before the first process runs: what a line supplies is not to see it low first.
    line[i].initialize((m_registers.get(LEVEL) >> i & 1) != 0);
    m_drivers.push_back(std::make_unique<LineDriver>((line_name(i) + "_driver").c_str(), line[i]));
    m_ports.push_back({line_name(i), &line[i], "bit " + std::to_string(i) + " of LEVEL", true});
  }
  m_ports.push_back({"reset", &reset, "a rising edge resets the registers", true});
  SMMUVP_HAS_PROCESS(Powerctl);
  SC_METHOD(reset_rises);
  sensitive << reset.pos();
  dont_initialize();
}

void Powerctl::start_of_simulation() {
  Component::start_of_simulation();
  drive();
  m_changes = 0;
}

void Powerctl::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time&) {
  const bool done = register_transport(payload, window, [this](const RegisterAccess& access) {
    std::uint64_t value = access.value;
    if (access.write) {
      m_registers.write(access.offset, access.bytes, AccessSecurity::NonSecure, value);
    } else {
      value = 0;
      m_registers.read(access.offset, access.bytes, AccessSecurity::NonSecure, value);
    }
    return value;
  });
  if (done) drive();
}

unsigned Powerctl::transport_dbg(tlm::tlm_generic_payload& payload) {
  return debug_register_read(payload, window, [this](std::uint32_t offset, unsigned bytes) {
    std::uint64_t value = 0;
    m_registers.peek(offset, bytes, AccessSecurity::NonSecure, value);
    return value;
  });
}

void Powerctl::register_written(std::uint16_t id, std::uint32_t, AccessSecurity, std::uint64_t, std::uint64_t,
                                std::uint64_t written, std::uint64_t lanes) {
  const std::uint64_t bits = written & lanes & m_registers.info(LEVEL).write_mask;
  if (id == SET) m_registers.set(LEVEL, m_registers.get(LEVEL) | bits);
  if (id == CLEAR) m_registers.set(LEVEL, m_registers.get(LEVEL) & ~bits);
}

void Powerctl::reset_rises() {
  m_registers.reset();
  drive();
}

void Powerctl::drive() {
  const std::uint64_t level = m_registers.get(LEVEL);
  for (std::size_t i = 0; i < m_drivers.size(); ++i) {
    const bool high = (level >> i & 1) != 0;
    if (high == m_drivers[i]->level()) continue;
    m_drivers[i]->set(high);
    ++m_changes;
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_line, static_cast<std::uint32_t>(i), high);
  }
}

void Powerctl::visit(Archive& archive) {
  archive.begin("registers");
  m_registers.visit(archive);
  archive.end();
  archive.value("changes", m_changes);
  if (!archive.loading()) return;
  const std::uint64_t changes = m_changes;
  drive();
  m_changes = changes;
}

void Powerctl::statistics(StatVisitor& visitor) const {
  visitor.stat("changes", m_changes, "1", "edges of lines");
}

void Powerctl::describe(DtNode& node) const {
  node.set_name("power-controller");
  node.strings("compatible", {"smmu-vp,powerctl"});
}

const ComponentType& powerctl_type() {
  static const ComponentType type{
      "powerctl",
      "register that drives lines: power, clocks and resets of other components",
      {{"lines", ParamType::Uint, "2", "Number of lines (register COUNT).", 1, 32},
       {"level", ParamType::Uint, "0xffffffff",
        "LEVEL after reset and at the start: bit n is the level of line n.", 0, 0xffffffff}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Powerctl>(name, params, host);
      },
      {trace_line}};
  return type;
}

}  // namespace smmuvp

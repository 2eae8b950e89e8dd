#include "gdb_registers.h"

#include <fmt/format.h>

#include "gdb_packet.h"

namespace smmuvp::platform {

namespace {

constexpr unsigned core_registers = 34;  // X0 to X30, SP, PC, CPSR

std::vector<GdbRegister> make_registers() {
  std::vector<GdbRegister> all;
  for (int i = 0; i <= 30; ++i) all.push_back({fmt::format("x{}", i), 8, {fmt::format("X{}", i)}});
  all.push_back({"sp", 8, {"SP"}});
  all.push_back({"pc", 8, {"PC"}});
  all.push_back({"cpsr", 4, {"PSTATE"}});
  for (int i = 0; i < 32; ++i) {
    all.push_back({fmt::format("v{}", i), 16, {fmt::format("V{}_LO", i), fmt::format("V{}_HI", i)}});
  }
  all.push_back({"fpsr", 4, {"FPSR"}});
  all.push_back({"fpcr", 4, {"FPCR"}});
  return all;
}

// "Standard Target Features", "AArch64 Features" in the GDB manual: names and sizes.
std::string make_description() {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
      "<architecture>aarch64</architecture>\n<feature name=\"org.gnu.gdb.aarch64.core\">\n";
  const auto& all = gdb_registers();
  for (unsigned i = 0; i < all.size(); ++i) {
    if (i == core_registers) {
      xml +=
          "</feature>\n<feature name=\"org.gnu.gdb.aarch64.fpu\">\n"
          "<vector id=\"bytes\" type=\"uint8\" count=\"16\"/>\n"
          "<vector id=\"words\" type=\"uint32\" count=\"4\"/>\n"
          "<vector id=\"doublewords\" type=\"uint64\" count=\"2\"/>\n"
          "<union id=\"vector\"><field name=\"d\" type=\"doublewords\"/><field name=\"s\" type=\"words\"/>"
          "<field name=\"b\" type=\"bytes\"/><field name=\"q\" type=\"uint128\"/></union>\n";
    }
    std::string_view type = all[i].bytes == 16 ? "vector" : all[i].bytes == 8 ? "int" : "uint32";
    if (all[i].name == "sp") type = "data_ptr";
    if (all[i].name == "pc") type = "code_ptr";
    xml +=
        fmt::format("<reg name=\"{}\" bitsize=\"{}\" type=\"{}\"/>\n", all[i].name, 8 * all[i].bytes, type);
  }
  return xml + "</feature>\n</target>\n";
}

// DDI 0487 C5.2.18, SPSR_EL1.M: what may stand in PSTATE here is AArch64 at EL0t, EL1t and EL1h.
bool is_pstate(std::uint64_t value) {
  const std::uint64_t mode = value & 0x1f;
  return mode == 0 || mode == 4 || mode == 5;
}

}  // namespace

const std::vector<GdbRegister>& gdb_registers() {
  static const std::vector<GdbRegister> all = make_registers();
  return all;
}

const std::string& gdb_target_description() {
  static const std::string xml = make_description();
  return xml;
}

std::string read_gdb_register(const DebugControl& cpu, const GdbRegister& reg) {
  std::string bytes;
  for (const std::string& part : reg.parts) {
    const auto value = cpu.debug_register(part);
    if (!value) return std::string(2 * reg.bytes, 'x');
    for (unsigned i = 0; i < reg.bytes / reg.parts.size(); ++i) {
      bytes.push_back(static_cast<char>(*value >> (8 * i) & 0xff));
    }
  }
  return to_hex(bytes);
}

bool write_gdb_register(DebugControl& cpu, const GdbRegister& reg, std::string_view value) {
  if (value.size() != reg.bytes) return false;
  const std::size_t width = reg.bytes / reg.parts.size();
  for (std::size_t part = 0; part < reg.parts.size(); ++part) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < width; ++i) {
      word |= std::uint64_t{static_cast<std::uint8_t>(value[part * width + i])} << (8 * i);
    }
    if (reg.name == "pc" && word % 4 != 0) return false;
    if (reg.name == "cpsr" && !is_pstate(word)) return false;
    if (cpu.debug_register(reg.parts[part]) == word) continue;
    if (!cpu.set_debug_register(reg.parts[part], word)) return false;
  }
  return true;
}

}  // namespace smmuvp::platform

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

struct Bits {
  const char* name;
  unsigned first;
  unsigned last;
};

// DDI 0487 C5.2.18, SPSR_EL1 of an exception taken from AArch64. GDB knows nRW and the upper half of M as
// such.
constexpr Bits pstate_bits[] = {{"SP", 0, 0},     {"EL", 2, 3},    {"nRW", 4, 4},   {"F", 6, 6},
                                {"I", 7, 7},      {"A", 8, 8},     {"D", 9, 9},     {"BTYPE", 10, 11},
                                {"SSBS", 12, 12}, {"IL", 20, 20},  {"SS", 21, 21},  {"PAN", 22, 22},
                                {"UAO", 23, 23},  {"DIT", 24, 24}, {"TCO", 25, 25}, {"V", 28, 28},
                                {"C", 29, 29},    {"Z", 30, 30},   {"N", 31, 31}};
// DDI 0487 C5.2.9 and C5.2.8
constexpr Bits fpsr_bits[] = {{"IOC", 0, 0}, {"DZC", 1, 1}, {"OFC", 2, 2},  {"UFC", 3, 3},
                              {"IXC", 4, 4}, {"IDC", 7, 7}, {"QC", 27, 27}, {"V", 28, 28},
                              {"C", 29, 29}, {"Z", 30, 30}, {"N", 31, 31}};
constexpr Bits fpcr_bits[] = {{"IOE", 8, 8},   {"DZE", 9, 9},   {"OFE", 10, 10},  {"UFE", 11, 11},
                              {"IXE", 12, 12}, {"IDE", 15, 15}, {"FZ16", 19, 19}, {"RMode", 22, 23},
                              {"FZ", 24, 24},  {"DN", 25, 25},  {"AHP", 26, 26}};

template <std::size_t N>
std::string flags(const char* id, const Bits (&bits)[N]) {
  std::string xml = fmt::format("<flags id=\"{}\" size=\"4\">\n", id);
  for (const Bits& b : bits)
    xml += fmt::format("<field name=\"{}\" start=\"{}\" end=\"{}\"/>\n", b.name, b.first, b.last);
  return xml + "</flags>\n";
}

// A V register in every way that instructions take it: $v0.d.f is two doubles, $v0.b.u sixteen bytes.
std::string vector_types() {
  struct View {
    char name;
    unsigned lanes;
    const char* real;  // the IEEE type of this width, if there is one
  };
  constexpr View views[] = {{'d', 2, "ieee_double"},
                            {'s', 4, "ieee_single"},
                            {'h', 8, "ieee_half"},
                            {'b', 16, nullptr},
                            {'q', 1, nullptr}};
  std::string xml, all = "<union id=\"vector\">\n";
  for (const View& view : views) {
    std::string fields;
    const auto add = [&](char kind, const std::string& type) {
      xml += fmt::format("<vector id=\"v{}{}{}\" type=\"{}\" count=\"{}\"/>\n", view.lanes, view.name, kind,
                         type, view.lanes);
      fields += fmt::format("<field name=\"{}\" type=\"v{}{}{}\"/>\n", kind, view.lanes, view.name, kind);
    };
    if (view.real != nullptr) add('f', view.real);
    add('u', fmt::format("uint{}", 128 / view.lanes));
    add('s', fmt::format("int{}", 128 / view.lanes));
    xml += fmt::format("<union id=\"vn{}\">\n{}</union>\n", view.name, fields);
    all += fmt::format("<field name=\"{0}\" type=\"vn{0}\"/>\n", view.name);
  }
  return xml + all + "</union>\n";
}

// "Standard Target Features", "AArch64 Features" in the GDB manual: names and sizes.
std::string make_description() {
  std::string xml =
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n"
      "<architecture>aarch64</architecture>\n<feature name=\"org.gnu.gdb.aarch64.core\">\n" +
      flags("cpsr_flags", pstate_bits);
  const auto& all = gdb_registers();
  for (unsigned i = 0; i < all.size(); ++i) {
    if (i == core_registers) {
      xml += "</feature>\n<feature name=\"org.gnu.gdb.aarch64.fpu\">\n" + vector_types() +
             flags("fpsr_flags", fpsr_bits) + flags("fpcr_flags", fpcr_bits);
    }
    std::string_view type = all[i].bytes == 16 ? "vector" : all[i].bytes == 8 ? "int" : "uint32";
    if (all[i].name == "cpsr") type = "cpsr_flags";
    if (all[i].name == "fpsr") type = "fpsr_flags";
    if (all[i].name == "fpcr") type = "fpcr_flags";
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

#include "walk_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <optional>
#include <sstream>

#include "command_line.h"
#include "config_fields.h"
#include "memory_image.h"
#include "registers.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "stream_request.h"

namespace smmuvp::tables {

namespace po = boost::program_options;
using namespace pgtable;

namespace {

// Short names for fields of the Config. One that names fields of both stages sets those of the stages that
// are walked (flags), or of the first one that is (values).
struct Shortcut {
  const char* name;
  bool flag;
  std::vector<const char*> stage1;
  std::vector<const char*> stage2;
  const char* text;
};

const std::vector<Shortcut>& shortcuts() {
  static const std::vector<Shortcut> table = {
      {"t0sz",
       false,
       {"stage1.tables[0].TxSZ"},
       {"stage2.T0SZ"},
       "size of the low range, or of stage 2 alone"},
      {"t1sz", false, {"stage1.tables[1].TxSZ"}, {}, "size of the high range"},
      {"granule",
       false,
       {"stage1.tables[0].granule", "stage1.tables[1].granule"},
       {"stage2.granule"},
       "4k, 16k or 64k"},
      {"ips", false, {"stage1.output_size"}, {"stage2.output_size"}, "output address bits"},
      {"s2-t0sz", false, {}, {"stage2.T0SZ"}, "size of stage 2 (negative: --s2-t0sz=-8)"},
      {"s2-granule", false, {}, {"stage2.granule"}, "4k, 16k or 64k"},
      {"ps", false, {}, {"stage2.output_size"}, "output address bits of stage 2"},
      {"start-level",
       false,
       {},
       {"stage2.start_level"},
       "of stage 2; without it as few tables side by side as can be"},
      {"lpa", true, {"stage1.LPA"}, {"stage2.LPA"}, "64k granule: descriptors hold 52-bit addresses"},
      {"ds", true, {"stage1.DS"}, {"stage2.DS"}, "4k and 16k granules: the same"},
      {"ha", true, {"stage1.HA"}, {"stage2.HA"}, "hardware sets the Access flag"},
      {"hd", true, {"stage1.HD"}, {"stage2.HD"}, "hardware manages dirty state"},
      {"affd", true, {"stage1.AFFD"}, {"stage2.AFFD"}, "no Access flag faults"},
      {"big-endian", true, {"stage1.big_endian"}, {"stage2.big_endian"}, "tables are big-endian"},
      {"wxn", true, {"stage1.WXN"}, {}, "writable implies not executable"},
      {"uwxn", true, {"stage1.UWXN"}, {}, "AArch32: writable at PL0 implies not executable at PL1"},
      {"pan", true, {"stage1.PAN"}, {}, "no privileged data access to what unprivileged code can access"},
      {"afe", true, {"stage1.v7s.AFE"}, {}, "v7s: AP[0] is the Access flag"},
      {"tre", true, {"stage1.v7s.TRE"}, {}, "v7s: TEX remap by --prrr and --nmrr"},
      {"fwb", true, {}, {"stage2.FWB"}, "stage 2 forces attributes (FEAT_S2FWB)"},
      {"xnx", true, {}, {"stage2.XNX"}, "stage 2: XN has two bits (FEAT_XNX)"},
      {"ptw", true, {}, {"stage2.PTW"}, "a stage 1 table in Device memory is a Permission fault"},
  };
  return table;
}

struct Register {
  const char* name;
  const char* text;
};
constexpr Register registers[] = {
    {"ttbr0", "TTBR0: table of the low range (Mali: TRANSTAB); ASID and CnP are left out"},
    {"ttbr1", "TTBR1: table of the high range"},
    {"tcr", "TCR_EL1; with --regime el2 or el3 TCR_EL2 or TCR_EL3"},
    {"ttbcr", "AArch32: TTBCR"},
    {"htcr", "lpae32-s1 with --regime el2: HTCR"},
    {"mair", "MAIR (AArch32: MAIR1:MAIR0, Mali: MEMATTR)"},
    {"vttbr", "VTTBR: first table of stage 2; VMID and CnP are left out"},
    {"vtcr", "VTCR_EL2; lpae32-s2: VTCR"},
    {"dacr", "v7s: DACR"},
    {"prrr", "v7s: PRRR"},
    {"nmrr", "v7s: NMRR"},
};

po::options_description make_options() {
  po::options_description options("Options", 110, 60);
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  options.add_options()  //
      ("format", text("FORMAT"),
       "lpae64-s1, lpae64-s2, lpae32-s1, lpae32-s2, v7s or mali; "
       "both stages: lpae64-s1+lpae64-s2")                                     //
      ("base", text("ADDRESS"), "physical address of the first byte of DUMP")  //
      ("dump", po::value<std::vector<std::string>>()->composing()->value_name("FILE@ADDRESS"),
       "a dump, in place of DUMP and --base; FILE alone for a memory image; may be repeated")  //
      ("access", text("WHAT")->default_value("read", ""),
       "read (as without it), write, read-write, "
       "execute, or none: no check of rights")                                               //
      ("unprivileged", "the access is unprivileged")                                         //
      ("no-update", "leave Access flag and dirty state as they are")                         //
      ("regime", text("REGIME"), "el1 (EL1&0, as without it), el2-e2h (EL2&0), el2 or el3")  //
      ("secure", "Secure state");
  for (const Register& r : registers) options.add_options()(r.name, text("VALUE"), r.text);
  for (const Shortcut& s : shortcuts()) {
    if (s.flag) {
      options.add_options()(s.name, s.text);
    } else {
      options.add_options()(s.name, text("VALUE"), s.text);
    }
  }
  options.add_options()("set", po::value<std::vector<std::string>>()->composing()->value_name("FIELD=VALUE"),
                        "any field of pgtable::Config, over what registers say; may be repeated")  //
      ("fields", "list these fields")                                                              //
      ("json", "JSON instead of text")                                                             //
      ("color", text("WHEN")->default_value("auto", ""), "auto, always or never")                  //
      ("help,h", "this text");
  return options;
}

bool has_stage1(const Config& c) { return c.stages != Stages::stage2; }
bool has_stage2(const Config& c) { return c.stages != Stages::stage1; }

Format format_of(DescriptorFormat f) {
  switch (f) {
    case DescriptorFormat::lpae64_s1:
    case DescriptorFormat::lpae64_s2:
      return Format::vmsa64;
    case DescriptorFormat::lpae32_s1:
    case DescriptorFormat::lpae32_s2:
      return Format::lpae32;
    case DescriptorFormat::v7s:
      return Format::v7s;
    case DescriptorFormat::mali:
      break;
  }
  return Format::mali_lpae;
}
bool is_stage2(DescriptorFormat f) {
  return f == DescriptorFormat::lpae64_s2 || f == DescriptorFormat::lpae32_s2;
}

void take_format(const std::string& text, Config& config) {
  const std::size_t plus = text.find('+');
  const DescriptorFormat first = parse_format(text.substr(0, plus));
  config.stages = is_stage2(first) ? Stages::stage2 : Stages::stage1;
  (is_stage2(first) ? config.stage2.format : config.stage1.format) = format_of(first);
  if (plus != std::string::npos) {
    const DescriptorFormat second = parse_format(text.substr(plus + 1));
    if (is_stage2(first) || !is_stage2(second)) {
      throw ConfigError("format", fmt::format("--format: {} is no stage 1 and a stage 2, such as "
                                              "lpae64-s1+lpae64-s2",
                                              quoted(text)));
    }
    config.stages = Stages::nested;
    config.stage2.format = format_of(second);
  }
  if (config.stage1.format != Format::vmsa64) config.stage1.output_size = 40;
  if (config.stage1.format == Format::lpae32) config.stage1.tables[0].TxSZ = config.stage1.tables[1].TxSZ = 0;
  if (config.stage2.format == Format::lpae32) {
    config.stage2.output_size = 40;
    config.stage2.T0SZ = 0;
  }
}

// The first level that one table, or else as few side by side as can be, is enough for (DDI 0487 D8.2).
std::int8_t usual_start_level(const Stage2Config& s2) {
  const bool lpae32 = s2.format == Format::lpae32;
  const int granule = lpae32 ? 12 : static_cast<int>(s2.granule);
  const int bits = (lpae32 ? 32 : 64) - s2.T0SZ;
  const int natural = 3 - std::max(bits - granule - 1, 0) / (granule - 3);
  int first = 1;
  if (!lpae32 && granule == 12) first = s2.DS ? -1 : 0;
  if (!lpae32 && granule == 14 && s2.DS) first = 0;
  return static_cast<std::int8_t>(std::clamp(natural, first, 3));
}

class Parser {
 public:
  Parser(const po::variables_map& map, WalkOptions& to) : m_map(map), m_to(to), m_config(to.config) {}

  void run() {
    if (!has("format")) {
      throw ConfigError("format",
                        "walk needs --format: lpae64-s1, lpae64-s2, lpae32-s1, lpae32-s2, v7s or mali; "
                        "for both stages for example lpae64-s1+lpae64-s2");
    }
    take_format(text("format"), m_config);
    if (has("regime")) m_config.regime = parse_regime(text("regime"));
    if (has("secure")) m_config.space = AddressSpace::secure;
    take_request();
    take_control_registers();
    take_shortcuts();
    take_sets();
    take_tables();
    take_sets();  // again: a base address set by name stands over one from a register
    m_to.json = has("json");
    m_to.colour = text("color");
    check();
  }

  // Which words are addresses, and where memory comes from.
  void take_dumps() {
    std::vector<std::string>& words = m_to.addresses;
    if (has("arguments")) words = m_map["arguments"].as<std::vector<std::string>>();
    if (!has("dump")) {
      if (words.empty())
        throw ConfigError("", "expected: smmu-vp walk DUMP --base ADDRESS --format FORMAT ... VA...");
      if (words[0].substr(0, 2) == "0x") {
        throw ConfigError("",
                          fmt::format("{} stands where the dump's file name is expected: smmu-vp walk DUMP "
                                      "--base ADDRESS ... VA...",
                                      quoted(words[0])));
      }
      if (!has("base")) {
        throw ConfigError("base",
                          fmt::format("at what physical address {} starts is not said: add for example "
                                      "--base 0x80000000",
                                      printable(words[0])));
      }
      m_to.dumps.emplace_back(words[0], parse_hex(text("base"), "--base"));
      words.erase(words.begin());
    } else {
      if (has("base")) throw ConfigError("base", "--base is of DUMP; --dump has its address behind the '@'");
      for (const std::string& dump : m_map["dump"].as<std::vector<std::string>>()) {
        const std::size_t at = dump.rfind('@');
        if (is_image(dump)) {
          m_to.dumps.emplace_back(dump, std::nullopt);
          continue;
        }
        if (at == std::string::npos || at == 0) {
          throw ConfigError(
              "dump",
              fmt::format("--dump: {} is no FILE@ADDRESS, such as ram.bin@0x80000000, and no memory image",
                          quoted(dump)));
        }
        m_to.dumps.emplace_back(dump.substr(0, at),
                                parse_hex(dump.substr(at + 1), "--dump " + printable(dump)));
      }
    }
    if (words.empty())
      throw ConfigError("", "walk: no address given to translate; expected for example 0x1000");
  }

 private:
  bool has(const char* name) const { return m_map.count(name) != 0; }
  std::string text(const char* name) const { return m_map[name].as<std::string>(); }
  std::uint64_t number(const char* name, unsigned bits = 64) const {
    return parse_hex(text(name), std::string("--") + name, bits);
  }

  void take_request() {
    const std::string access = text("access");
    WalkRequest& r = m_to.request;
    if (access == "read") {
      r.access = AccessType::read;
    } else if (access == "write") {
      r.access = AccessType::write;
    } else if (access == "read-write") {
      r.access = AccessType::read_write;
    } else if (access == "execute") {
      r.access = AccessType::execute;
    } else if (access == "none") {
      r.access = AccessType::none;
    } else {
      const std::vector<std::string> known = {"read", "write", "read-write", "execute", "none"};
      throw ConfigError("access", fmt::format("--access: {} is none of {}{}", quoted(access),
                                              fmt::join(known, ", "), suggestion(access, known)));
    }
    r.privileged = !has("unprivileged");
    r.side_effects = !has("no-update");
  }

  // What the format has not got is refused: it would otherwise be taken for granted.
  void only(const char* name, bool allowed, const std::string& instead) const {
    if (has(name) && !allowed) {
      throw ConfigError(name, fmt::format("--{} means nothing with --format {}{}", name,
                                          printable(text("format")), instead));
    }
  }

  void take_control_registers() {
    const Format f = m_config.stage1.format;
    const bool s1 = has_stage1(m_config);
    const bool s2 = has_stage2(m_config);
    const bool v7s = s1 && f == Format::v7s;
    const bool hyp = m_config.regime == Regime::el2;
    only("tcr", s1 && f == Format::vmsa64, s1 ? "; AArch32 has --ttbcr and --htcr" : "; stage 2 has --vtcr");
    only("ttbcr", s1 && (f == Format::lpae32 || v7s) && !hyp, "");
    only("htcr", s1 && f == Format::lpae32 && hyp, " but lpae32-s1 with --regime el2");
    only("ttbr0", s1, "; stage 2 has --vttbr");
    const bool two_ranges = m_config.regime == Regime::el1_0 || m_config.regime == Regime::el2_0;
    only("ttbr1", s1 && f != Format::mali_lpae && two_ranges, two_ranges ? "" : ": the regime has one range");
    only("mair", s1 && !v7s, v7s ? "; it has --prrr and --nmrr" : "");
    only("vtcr", s2, "");
    only("vttbr", s2, "");
    for (const char* name : {"dacr", "prrr", "nmrr"}) only(name, v7s, "");
    Stage1Config& c = m_config.stage1;
    if (s1) c.tables[0].EPD = c.tables[1].EPD = false;
    if (has("tcr")) {
      two_ranges ? take_tcr_el1(number("tcr"), m_config, m_to.notes)
                 : take_tcr_el2(number("tcr"), m_config, m_to.notes);
    }
    if (has("ttbcr")) take_ttbcr(number("ttbcr", 32), m_config, m_to.notes);
    if (has("htcr")) take_htcr(number("htcr", 32), m_config);
    if (has("vtcr")) take_vtcr(number("vtcr"), m_config, m_to.notes);
    if (has("mair")) c.MAIR = number("mair");
    if (has("dacr")) c.v7s.DACR = static_cast<std::uint32_t>(number("dacr", 32));
    if (has("prrr")) c.v7s.PRRR = static_cast<std::uint32_t>(number("prrr", 32));
    if (has("nmrr")) c.v7s.NMRR = static_cast<std::uint32_t>(number("nmrr", 32));
    // A v7s without DACR would answer Domain faults to everything.
    if (v7s && !has("dacr")) {
      c.v7s.DACR = 0x55555555;
      m_to.notes.emplace_back("no --dacr: every domain is a client");
    }
    if (s1 && !v7s && !has("mair") && !is_set("stage1.MAIR")) {
      m_to.notes.emplace_back(f == Format::mali_lpae ? "no --mair: MEMATTR is taken as 0"
                                                     : "no --mair: all memory is taken as Device-nGnRnE");
    }
    // Where a table is not said, there is none.
    if (s1 && !has("ttbr0") && !is_set("stage1.tables[0].base")) c.tables[0].EPD = true;
    if (s1 && !has("ttbr1") && !is_set("stage1.tables[1].base")) c.tables[1].EPD = true;
    if (s1 && c.tables[0].EPD && c.tables[1].EPD && !has("tcr") && !has("ttbcr")) {
      throw ConfigError("ttbr0", "where the tables of stage 1 are is not said: add --ttbr0 (or --ttbr1)");
    }
    if (s2 && !has("vttbr") && !is_set("stage2.base")) {
      throw ConfigError("vttbr", "where the tables of stage 2 are is not said: add --vttbr");
    }
  }

  bool is_set(const std::string& field) const {
    if (!has("set")) return false;
    const auto& sets = m_map["set"].as<std::vector<std::string>>();
    return std::any_of(sets.begin(), sets.end(),
                       [&](const std::string& s) { return s.substr(0, s.find('=')) == field; });
  }

  void take_shortcuts() {
    for (const Shortcut& s : shortcuts()) {
      if (!has(s.name)) continue;
      const bool first = has_stage1(m_config) && !s.stage1.empty();
      const bool second = has_stage2(m_config) && !s.stage2.empty() && (s.flag || !first);
      only(s.name, first || second, "");
      const std::string value = s.flag ? "true" : text(s.name);
      for (const char* field : first ? s.stage1 : std::vector<const char*>()) set_shortcut(s, field, value);
      for (const char* field : second ? s.stage2 : std::vector<const char*>()) set_shortcut(s, field, value);
    }
  }

  void set_shortcut(const Shortcut& s, const char* name, const std::string& value) {
    const ConfigField* field = find_field(name);
    if (field->set(m_config, value)) return;
    throw ConfigError(s.name, fmt::format("--{} must be {}, not {}", s.name, field->values, quoted(value)));
  }

  void take_sets() {
    if (!has("set")) return;
    for (const std::string& s : m_map["set"].as<std::vector<std::string>>()) set_field(m_config, s);
  }

  void take_tables() {
    if (has_stage2(m_config) && !has("vtcr") && !has("start-level") && !is_set("stage2.start_level")) {
      m_config.stage2.start_level = usual_start_level(m_config.stage2);
    }
    const unsigned bits = m_config.stage1.format == Format::v7s ? 32 : 64;
    if (has("ttbr0")) take_ttbr(number("ttbr0", bits), 0, m_config);
    if (has("ttbr1")) take_ttbr(number("ttbr1", bits), 1, m_config);
    if (has("vttbr")) take_vttbr(number("vttbr"), m_config);
  }

  void check() const {
    const std::vector<ConfigProblem> problems = validate(m_config);
    if (problems.empty()) return;
    std::string list;
    for (const ConfigProblem& p : problems) {
      const ConfigField* field = find_field(p.field);
      list += fmt::format("\n  {}{}: {}", p.field,
                          field == nullptr ? "" : fmt::format(" = {}", field->get(m_config)), p.reason);
    }
    throw ConfigError("", "no walk can be made with this configuration:" + list);
  }

  const po::variables_map& m_map;
  WalkOptions& m_to;
  Config& m_config;
};

}  // namespace

WalkOptions parse_walk_options(const std::vector<std::string>& arguments) {
  const po::options_description options = make_options();
  const po::variables_map map = parse_options(options, "arguments", "walk", arguments);
  WalkOptions result;
  result.help = map.count("help") != 0;
  result.fields = map.count("fields") != 0;
  if (result.help || result.fields) return result;
  Parser parser(map, result);
  parser.take_dumps();
  parser.run();
  return result;
}

std::string walk_help() {
  std::ostringstream options;
  options << make_options();
  return fmt::format(R"(smmu-vp walk: the walk of translation tables in a dump of memory, step by step

  smmu-vp walk DUMP --base ADDRESS --format FORMAT --ttbr0 VALUE [options] VA...
  smmu-vp walk --dump FILE@ADDRESS [--dump ...] --format FORMAT --ttbr0 VALUE [options] VA...
  smmu-vp walk --sid STREAMID --dump FILE [options] ADDRESS...

DUMP is the raw content of physical memory from ADDRESS on. VA is a hexadecimal number with 0x (an IPA where only
stage 2 is walked); '-' reads addresses from standard input ('#' starts a comment). Text comes address by address and
ends at the first bad one; --json prints nothing unless all are good. Values of registers are hexadecimal and as the
architecture has them; options below them stand over what they say. Hardware updates are shown and stay out of the
file; each address is walked on the memory that the files hold. A '(!)' marks a descriptor that holds what must not be,
RES0 bits that are set or reserved values: 'smmu-vp decode pte' says which.

{}
With --sid the walk begins at the Stream table of an SMMUv3, by the registers that a memory image of 'smmu-vp run
--dump-memory' tells: L1STD, STE, L1CD and CD, descriptors of both stages, each with its fields that are not 0, and how the
access ends, with the event. Of an SMMUv2 it begins at sCR0 and the stream mapping registers, and shows what decides, the
descriptors, and the fault. Accesses are unprivileged without --privileged, as those of most devices are.

{}
Examples
  smmu-vp walk ram.bin --base 0x80000000 --format lpae64-s1 --ttbr0 0x80010000 --t0sz 25 0x1000 0x2000
      two addresses of a 39-bit range; with --tcr and --mair all that the registers say counts
  smmu-vp walk --dump ram.bin@0x80000000 --format lpae64-s1+lpae64-s2 --ttbr0 0x40008000 --t0sz 25 \
      --vttbr 0x80020000 --vtcr 0x80020560 --access write --unprivileged --json 0x200000
      an unprivileged write through both stages, as JSON
  smmu-vp walk --sid 0x100 --dump memory.elf 0xfffff000
      a read of stream 0x100, from its STE on, in the image of a run

Exit codes
    0  every address was translated
    1  at least one was not: the fault is shown
   64  bad command line, dump or configuration
   70  output that cannot be written
)",
                     options.str(), stream_walk_help());
}

std::string fields_text() {
  const Config defaults;
  std::vector<Row> rows{{"field", "default", "values"}};
  for (const ConfigField& f : config_fields()) rows.push_back({f.name, f.get(defaults), f.values});
  std::string text;
  for (const std::string& line : columns(rows)) text += "  " + line + "\n";
  return text;
}

}  // namespace smmuvp::tables

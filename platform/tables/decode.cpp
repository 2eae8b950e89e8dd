#include "decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "decode_registers.h"
#include "decode_structures.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace po = boost::program_options;
using namespace pgtable;
using F = DescriptorFormat;

namespace {

// Settings that only some formats have, and where they go.
struct Setting {
  const char* name;
  std::vector<F> formats;
  const char* text;
  bool ExplainSettings::*flag;  // nullptr: takes a value
};
const std::vector<F> long_s1 = {F::lpae64_s1, F::lpae32_s1};
const std::vector<F> lpae64 = {F::lpae64_s1, F::lpae64_s2};
const std::vector<F> with_secure = {F::lpae64_s1, F::lpae32_s1, F::v7s};
const std::vector<F> stage2 = {F::lpae64_s2, F::lpae32_s2};
const std::vector<F> with_mair = {F::lpae64_s1, F::lpae32_s1, F::mali};
const std::vector<F> v7s = {F::v7s};

const std::vector<Setting>& settings_table() {
  static const std::vector<Setting> table = {
      {"granule", lpae64, "4k (as without it), 16k or 64k", nullptr},
      {"lpa", lpae64, "64k granule: descriptors hold 52-bit addresses", &ExplainSettings::LPA},
      {"ds", lpae64, "4k and 16k granules: the same (TCR.DS)", &ExplainSettings::DS},
      {"regime", long_s1, "el1 (EL1&0, as without it), el2-e2h (EL2&0), el2 or el3", nullptr},
      {"secure", with_secure, "Secure state: NS and NSTable count", &ExplainSettings::secure},
      {"hpd", long_s1, "hierarchical permissions are disabled (TCR.HPD)", &ExplainSettings::HPD},
      {"hd", lpae64, "hardware manages dirty state: DBM counts", &ExplainSettings::HD},
      {"mair", with_mair, "value of MAIR (Mali: MEMATTR): says what AttrIndx means", nullptr},
      {"fwb", stage2, "MemAttr as with FEAT_S2FWB", &ExplainSettings::FWB},
      {"xnx", stage2, "XN has two bits (FEAT_XNX)", &ExplainSettings::XNX},
      {"afe", v7s, "AP[0] is the Access flag (SCTLR.AFE)", &ExplainSettings::AFE},
      {"tre", v7s, "TEX remap (SCTLR.TRE)", &ExplainSettings::TRE},
      {"prrr", v7s, "value of PRRR, with --tre", nullptr},
      {"nmrr", v7s, "value of NMRR, with --tre", nullptr},
      {"dacr", v7s, "value of DACR: says what Domain means", nullptr},
  };
  return table;
}

std::string format_names(const std::vector<F>& formats) {
  std::string text;
  for (const F f : formats) text += (text.empty() ? "" : ", ") + std::string(to_string(f));
  return text;
}

po::options_description make_options() {
  po::options_description options("Options of pte", 110, 60);
  options.add_options()("format", po::value<std::string>()->value_name("FORMAT"),
                        "lpae64-s1, lpae64-s2, lpae32-s1, lpae32-s2, v7s or mali")(
      "level", po::value<std::string>()->value_name("N"),
      "level of the table that holds the descriptor; without it, every level where the value is valid");
  for (const Setting& s : settings_table()) {
    const std::string text = fmt::format("{} [{}]", s.text, format_names(s.formats));
    if (s.flag != nullptr) {
      options.add_options()(s.name, text.c_str());
    } else {
      options.add_options()(s.name, po::value<std::string>()->value_name("VALUE"), text.c_str());
    }
  }
  options.add_options()("json", "JSON instead of text")(
      "color", po::value<std::string>()->value_name("WHEN")->default_value("auto", ""),
      "auto, always or never")("help,h", "this text");
  return options;
}

std::string help() {
  std::ostringstream options;
  options << make_options();
  return fmt::format(R"(smmu-vp decode: what a structure in memory says, field by field

  smmu-vp decode pte --format FORMAT [--level N] [options] VALUE...
  smmu-vp decode KIND [options] WORD...
  smmu-vp decode smmuv2 [options] REGISTER=VALUE...

pte: translation-table descriptors. VALUE is a hexadecimal number with 0x; '-' reads values from standard input ('#'
starts a comment). Text comes value by value and ends at the first bad one; --json prints nothing unless all are good. A
'!' marks what must not be: RES0 bits that are set, reserved values. Brackets name the formats that have an option.

{}
KIND: structures of the SMMUv3 (IHI 0070). WORD is a word of 64 bits in hexadecimal, with or without 0x, the lowest word
of the structure first; '_' may stand between digits, commas between words. Several structures can follow each other. '-'
reads them from standard input, out of a log as well: what Linux's arm-smmu-v3 prints of events and commands, and lines
"ADDRESS: WORD WORD" of QEMU's monitor or GDB, among any other lines. A verdict says what the model, with its default
features or those of --param, thinks of an STE, a CD or a command.

{}
smmuv2: registers of the SMMUv2 (IHI 0062) by their names, SMMU_, CBn_ and the index left out or not. VALUE is a
hexadecimal number, with or without 0x. A register that has several formats is shown in each that the value can be of:
sGFSR in that of both Security states, SGFSR in the Secure one, GFSR and NSGFSR in the Non-secure one. '-' reads a log,
among any other lines: what Linux's arm-smmu prints of faults ("fsr=0x402", "GFSR 0x00000002"), and of 'smmu-vp run' the
rows of registers of --dump-on-exit and what --trace writes of registers.

{}
Examples
  smmu-vp decode pte --format lpae64-s1 --level 3 --mair 0xff440c0400 0x0060000041203703
      a page as Linux maps user memory, its memory type looked up in MAIR_EL1
  smmu-vp decode pte --format lpae64-s2 --granule 64k 0x400000004fd
      which levels can hold this value is said, and each is explained
  smmu-vp decode ste --nonzero 8000000b 1000000000d4 0 0 0 0 0 0
      a Stream Table Entry for stage 1: which of its fields are set
  smmu-vp decode event --json 0x0000002a_00000010,0x208_00000000,0x1000,0
      an event record as a driver logs it, as JSON
  dmesg | smmu-vp decode event --nonzero -
      the event records in a kernel log
  smmu-vp decode smmuv2 --nonzero FSR=0x402 CBAR3=0x1f300
      what a context fault was, and of which kind the bank is
  dmesg | smmu-vp decode smmuv2 --nonzero -
      the faults in a kernel log

Exit codes
    0  explained, whatever the structure says
   64  bad command line, file or value
)",
                     options.str(), structure_help(), register_help());
}

struct Request {
  F format = F::lpae64_s1;
  std::optional<int> level;
  ExplainSettings settings;
  bool json = false;
  bool colour = false;
};

// One explanation, and the levels that have it.
struct Group {
  std::vector<int> levels;
  Explanation explanation;
};

bool same(const Explanation& a, const Explanation& b) {
  return a.kind == b.kind && a.address == b.address && a.size_shift == b.size_shift &&
         std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(),
                    [](const pgtable::Field& x, const pgtable::Field& y) {
                      return x.name == y.name && x.high == y.high && x.low == y.low && x.meaning == y.meaning;
                    });
}

std::vector<Group> groups_of(const Request& request, std::uint64_t value) {
  std::vector<Group> groups;
  for (const int level : descriptor_levels(request.format, request.settings)) {
    if (request.level && *request.level != level) continue;
    Explanation e = *explain(request.format, level, value, request.settings);
    const auto known =
        std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return same(g.explanation, e); });
    if (known != groups.end()) {
      known->levels.push_back(level);
    } else {
      groups.push_back({{level}, std::move(e)});
    }
  }
  return groups;
}

std::string levels_words(const std::vector<int>& levels) {
  if (levels.size() == 1) return fmt::format("level {}", levels[0]);
  return fmt::format("levels {} and {}", fmt::join(levels.begin(), levels.end() - 1, ", "), levels.back());
}

std::string title_of(const Group& g) {
  const Explanation& e = g.explanation;
  if (g.levels.size() == 1) return e.title;
  if (e.kind == DescriptorKind::table) return fmt::format("table of the next level at {:#x}", *e.address);
  return fmt::format("{}: Translation fault", to_string(e.kind));
}

std::string value_words(const pgtable::Field& f) {
  const unsigned count = f.high - f.low + 1U;
  if (count == 1) return std::to_string(f.value);
  return count <= 5 ? fmt::format("{:#0{}b}", f.value, count + 2) : fmt::format("{:#x}", f.value);
}

std::string bits_words(const pgtable::Field& f) {
  return f.high == f.low ? fmt::format("[{}]", f.high) : fmt::format("[{}:{}]", f.high, f.low);
}

void print_fields(const Explanation& e, bool colour, const Output& output) {
  std::vector<Row> rows{{"bits", "field", "value", "meaning"}};
  for (const pgtable::Field& f : e.fields) rows.push_back({bits_words(f), f.name, value_words(f), f.meaning});
  const std::vector<std::string> lines = columns(rows);
  output.print("  " + lines[0] + "\n");
  for (std::size_t i = 0; i < e.fields.size(); ++i) {
    const bool wrong = e.fields[i].wrong;
    const std::string line = (wrong ? "! " : "  ") + lines[i + 1];
    output.print((wrong ? red(line, colour) : line) + "\n");
  }
}

void print(const Request& request, std::uint64_t value, const Output& output) {
  const unsigned digits = descriptor_bits(request.format) / 4 + 2;
  std::string setting = to_string(request.format);
  if (request.format == F::lpae64_s1 || request.format == F::lpae64_s2) {
    setting += fmt::format(", {} granule", granule_words(request.settings.granule));
  }
  const std::vector<Group> groups = groups_of(request, value);
  const std::string number = fmt::format("{:#0{}x}", value, digits);
  if (groups.size() == 1) {
    const Group& g = groups[0];
    const std::string where = request.level ? ", " + levels_words(g.levels) : std::string(", any level");
    output.print(bold(fmt::format("{}  {}{}: {}", number, setting, where, title_of(g)), request.colour) +
                 "\n");
    print_fields(g.explanation, request.colour, output);
    return;
  }
  std::string ambiguous;
  for (const Group& g : groups) {
    ambiguous += fmt::format("{}{} at {}", ambiguous.empty() ? "" : ", ", to_string(g.explanation.kind),
                             levels_words(g.levels));
  }
  output.print(
      bold(fmt::format("{}  {}: ambiguous without --level: {}", number, setting, ambiguous), request.colour) +
      "\n");
  for (const Group& g : groups) {
    if (g.explanation.kind == DescriptorKind::reserved) continue;
    output.print("\n " + bold(fmt::format("{}: {}", levels_words(g.levels), title_of(g)), request.colour) +
                 "\n");
    print_fields(g.explanation, request.colour, output);
  }
}

nlohmann::ordered_json json_of(const Request& request, std::uint64_t value) {
  using json = nlohmann::ordered_json;
  json explanations = json::array();
  for (const Group& g : groups_of(request, value)) {
    const Explanation& e = g.explanation;
    json j = {{"levels", g.levels}, {"kind", to_string(e.kind)}, {"title", title_of(g)}};
    if (e.address) j["address"] = fmt::format("{:#x}", *e.address);
    if (e.is_leaf()) j["size"] = std::uint64_t{1} << e.size_shift;
    j["wrong"] = e.wrong();
    json fields = json::array();
    for (const pgtable::Field& f : e.fields) {
      fields.push_back({{"name", f.name},
                        {"high", f.high},
                        {"low", f.low},
                        {"value", fmt::format("{:#x}", f.value)},
                        {"use", to_string(f.use)},
                        {"meaning", f.meaning},
                        {"wrong", f.wrong}});
    }
    j["fields"] = std::move(fields);
    explanations.push_back(std::move(j));
  }
  return {{"descriptor", fmt::format("{:#x}", value)},
          {"format", to_string(request.format)},
          {"explanations", std::move(explanations)}};
}

void take_settings(const po::variables_map& map, Request& request) {
  ExplainSettings& s = request.settings;
  for (const Setting& setting : settings_table()) {
    if (map.count(setting.name) == 0) continue;
    const auto& formats = setting.formats;
    if (std::find(formats.begin(), formats.end(), request.format) == formats.end()) {
      throw ConfigError(setting.name, fmt::format("--{} means nothing in {}: it is of {}", setting.name,
                                                  to_string(request.format), format_names(formats)));
    }
    if (setting.flag != nullptr) s.*setting.flag = true;
  }
  const auto text = [&](const char* name) { return map[name].as<std::string>(); };
  const auto number = [&](const char* name, unsigned bits) {
    return parse_hex(text(name), std::string("--") + name, bits);
  };
  if (map.count("granule") != 0) s.granule = parse_granule(text("granule"), "--granule");
  if (map.count("regime") != 0) s.regime = parse_regime(text("regime"));
  if (map.count("mair") != 0) s.MAIR = number("mair", 64);
  if (map.count("prrr") != 0) s.PRRR = static_cast<std::uint32_t>(number("prrr", 32));
  if (map.count("nmrr") != 0) s.NMRR = static_cast<std::uint32_t>(number("nmrr", 32));
  if (map.count("dacr") != 0) s.DACR = static_cast<std::uint32_t>(number("dacr", 32));
  if (s.LPA && s.granule != Granule::size_64k) {
    throw ConfigError("lpa", "--lpa is of the 64k granule; with 4k and 16k it is --ds");
  }
  if (s.DS && s.granule == Granule::size_64k) {
    throw ConfigError("ds", "--ds is of the 4k and 16k granules; with 64k it is --lpa");
  }
}

int parse_level(const std::string& text, const Request& request) {
  const std::vector<int> levels = descriptor_levels(request.format, request.settings);
  int level = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, level);
  if (error != std::errc() || last != end || std::find(levels.begin(), levels.end(), level) == levels.end()) {
    throw ConfigError("level",
                      fmt::format("--level: {} is no level of {} with these settings: {} to {}", quoted(text),
                                  to_string(request.format), levels.front(), levels.back()));
  }
  return level;
}

// The first word that is neither an option nor the value of one that all kinds have; empty if there is none.
std::string kind_word(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--as" || word == "--color" || word == "--count" || word == "--file") {
      ++i;
    } else if (word.empty() || word[0] != '-') {
      return word;
    }
  }
  return "";
}

bool asks_for_help(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const std::string& word) { return word == "--help" || word == "-h"; });
}

}  // namespace

void decode(const std::vector<std::string>& arguments, std::istream& input, const Output& output) {
  if (asks_for_help(arguments)) return output.print(help());
  if (const auto kind = smmuv3::kind_of_word(kind_word(arguments))) {
    return decode_structures(*kind, arguments, input, output);
  }
  if (kind_word(arguments) == register_kind) return decode_registers(arguments, input, output);
  const po::options_description options = make_options();
  const po::variables_map map = parse_options(options, "values", "decode", arguments);
  std::vector<std::string> words;
  if (map.count("values") != 0) words = map["values"].as<std::vector<std::string>>();
  if (words.empty() || words[0] != "pte") {
    std::vector<std::string> known{"pte", register_kind};
    for (unsigned i = 0; i < smmuv3::structure_kind_count; ++i) {
      known.emplace_back(smmuv3::kind_info(static_cast<smmuv3::StructureKind>(i)).word);
    }
    std::string what = "decode needs a kind";
    if (!words.empty()) {
      const std::string& word = words[0];
      what = fmt::format("decode: {} is no kind{}", quoted(word),
                         word == "smmuv3" ? ", as each of its structures is one" : suggestion(word, known));
    }
    throw ConfigError("",
                      fmt::format("{}: it is pte (smmu-vp decode pte --format FORMAT VALUE...) or one of {} "
                                  "(smmu-vp decode KIND WORD...), or smmuv2 (smmu-vp decode smmuv2 "
                                  "REGISTER=VALUE...); 'smmu-vp decode "
                                  "--help' has examples",
                                  what, structure_kinds()));
  }
  words.erase(words.begin());
  if (map.count("format") == 0) {
    throw ConfigError("format",
                      "decode pte needs --format: lpae64-s1, lpae64-s2, lpae32-s1, lpae32-s2, v7s or "
                      "mali");
  }
  if (words.empty()) {
    throw ConfigError("",
                      "decode pte: no descriptor given; expected for example 0x0060000041203703, or - for "
                      "standard input");
  }
  Request request;
  request.format = parse_format(map["format"].as<std::string>());
  take_settings(map, request);
  if (map.count("level") != 0) request.level = parse_level(map["level"].as<std::string>(), request);
  request.json = map.count("json") != 0;
  request.colour = use_colour(map["color"].as<std::string>(), output.terminal);

  nlohmann::ordered_json descriptors = nlohmann::ordered_json::array();
  bool first = true;
  for_each_number(words, input, "descriptor", descriptor_bits(request.format), [&](std::uint64_t value) {
    if (request.json) {
      descriptors.push_back(json_of(request, value));
      return;
    }
    if (!first) output.print("\n");
    first = false;
    print(request, value, output);
  });
  if (request.json) {
    output.print(nlohmann::ordered_json({{"descriptors", std::move(descriptors)}}).dump(2) + "\n");
  }
}

}  // namespace smmuvp::tables

#include "decode_structures.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "log_words.h"
#include "params.h"
#include "personalities.h"
#include "presets.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/smmuv3/features.h"
#include "smmuvp/smmuv3/ste.h"
#include "structure_words.h"

namespace smmuvp::tables {

namespace po = boost::program_options;

namespace {

po::options_description make_options() {
  po::options_description options("Options of the SMMUv3's structures", 110, 60);
  options.add_options()("file", po::value<std::string>()->value_name("FILE"),
                        "raw little-endian bytes instead of words; '-' is standard input")(
      "count", po::value<std::string>()->value_name("N"), "so many structures, not all that are given")(
      "world", po::value<std::string>()->value_name("WORLD"),
      "ste, cd: the StreamWorld, el1 (as without it), el2 or el2-e2h: of the STE that leads to a CD, or what "
      "CR2.E2H makes of an STE; of Secure streams secure, s-el2, s-el2-e2h or el3. cmd: secure, of the "
      "Secure Command queue")("param", po::value<std::vector<std::string>>()->value_name("NAME=VALUE"),
                              "a parameter of the SMMU that judges, as 'smmu-vp params smmuv3' lists "
                              "them, such as personality=maximal; may be "
                              "repeated")("nonzero", "leave out fields that are 0")(
      "json", "JSON instead of text")("color",
                                      po::value<std::string>()->value_name("WHEN")->default_value("auto", ""),
                                      "auto, always or never")("help,h", "the help of decode");
  return options;
}

struct Request {
  smmuv3::StructureKind kind = smmuv3::StructureKind::STE;
  smmuv3::Features features;
  bool default_features = true;
  bool nonzero = false;
  bool json = false;
  bool colour = false;
};

std::string plural(std::size_t count, const char* noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string verdict_words(const Request& request, const smmuv3::Verdict& v) {
  const std::string text = v.word + " for the model with " +
                           (request.default_features ? "its default features" : "these parameters");
  return v.legal ? text : fmt::format("{}: {} ({})", text, v.why, v.clause);
}

void print(const Request& request, const smmuv3::StructureExplanation& e, const std::string& number,
           const Output& output) {
  const bool structure = request.kind != smmuv3::StructureKind::command &&
                         request.kind != smmuv3::StructureKind::event &&
                         request.kind != smmuv3::StructureKind::page_request;
  const std::string title =
      structure ? fmt::format("{}, {}", e.title, smmuv3::kind_info(request.kind).title) : e.title;
  output.print(bold(fmt::format("{}{} ({})", number, title, e.clause), request.colour) + "\n");
  std::vector<Row> rows{{"bits", "field", "value", "meaning"}};
  std::vector<bool> wrong;
  for (const ExplainedField& f : e.fields) {
    if (request.nonzero && f.value == 0 && !f.wrong) continue;
    rows.push_back({bits_words(f), f.name, f.text, f.meaning});
    wrong.push_back(f.wrong);
  }
  const std::vector<std::string> lines = columns(rows);
  output.print("  " + lines[0] + "\n");
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    const std::string line = (wrong[i] ? "! " : "  ") + lines[i + 1];
    output.print((wrong[i] ? red(line, request.colour) : line) + "\n");
  }
  if (!e.verdict) return;
  const std::string line = (e.verdict->legal ? "  " : "! ") + verdict_words(request, *e.verdict);
  output.print((e.verdict->legal ? line : red(line, request.colour)) + "\n");
}

nlohmann::ordered_json json_of(const Request& request, const smmuv3::StructureExplanation& e,
                               const std::uint64_t* words) {
  using json = nlohmann::ordered_json;
  const smmuv3::StructureKindInfo& kind = smmuv3::kind_info(request.kind);
  json values = json::array();
  for (unsigned i = 0; i < kind.words; ++i) values.push_back(fmt::format("{:#x}", words[i]));
  json fields = json::array();
  for (const ExplainedField& f : e.fields) {
    if (request.nonzero && f.value == 0 && !f.wrong) continue;
    fields.push_back({{"name", f.name},
                      {"high", f.high},
                      {"low", f.low},
                      {"value", fmt::format("{:#x}", f.value)},
                      {"text", f.text},
                      {"meaning", f.meaning},
                      {"ignored", f.ignored},
                      {"wrong", f.wrong}});
  }
  json j = {{"kind", kind.word},
            {"title", e.title},
            {"clause", e.clause},
            {"words", std::move(values)},
            {"fields", std::move(fields)}};
  if (e.verdict) {
    j["verdict"] = {{"legal", e.verdict->legal},
                    {"word", e.verdict->word},
                    {"why", e.verdict->why},
                    {"clause", e.verdict->clause}};
  }
  return j;
}

struct World {
  const char* word;
  smmuv3::StreamWorld world;
};
constexpr World worlds[] = {
    {"el1", smmuv3::StreamWorld::NS_EL1},
    {"el2", smmuv3::StreamWorld::NS_EL2},
    {"el2-e2h", smmuv3::StreamWorld::NS_EL2_E2H},
    {"secure", smmuv3::StreamWorld::Secure},
    {"s-el2", smmuv3::StreamWorld::S_EL2},
    {"s-el2-e2h", smmuv3::StreamWorld::S_EL2_E2H},
    {"el3", smmuv3::StreamWorld::EL3},
};

// What the STE that is asked about has, or the one that leads to the CD; or whose queue a command is on.
smmuv3::Ste parse_world(const po::variables_map& map, smmuv3::StructureKind kind) {
  smmuv3::Ste ste;
  if (map.count("world") == 0) return ste;
  const auto word = map["world"].as<std::string>();
  const bool command = kind == smmuv3::StructureKind::command && word == "secure";
  if (kind != smmuv3::StructureKind::STE && kind != smmuv3::StructureKind::CD && !command) {
    throw ConfigError("world", fmt::format("decode {}: --world is for ste and cd: leave it out",
                                           smmuv3::kind_info(kind).word));
  }
  for (const World& w : worlds) {
    if (word != w.word) continue;
    ste.world = w.world;
    ste.origin.sec_sid =
        w.world >= smmuv3::StreamWorld::Secure ? smmuv3::SecSid::secure : smmuv3::SecSid::non_secure;
    ste.origin.E2H = w.world == smmuv3::StreamWorld::NS_EL2_E2H || w.world == smmuv3::StreamWorld::S_EL2_E2H;
    return ste;
  }
  throw ConfigError("world", fmt::format("--world must be el1, el2 or el2-e2h, or of Secure streams secure, "
                                         "s-el2, s-el2-e2h or el3, not {}",
                                         quoted(word)));
}

std::size_t parse_count(const std::string& text) {
  std::size_t count = 0;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, count);
  constexpr std::size_t most = std::size_t{1} << 20;
  if (error != std::errc() || last != end || count == 0 || count > most) {
    throw ConfigError("count", fmt::format("--count must be 1 to {}, not {}", most, quoted(text)));
  }
  return count;
}

// The words of all structures that are wanted. Only a log has lines and notes.
LoggedWords take_words(const po::variables_map& map, const std::vector<std::string>& texts,
                       smmuv3::StructureKind kind, std::istream& input) {
  const smmuv3::StructureKindInfo& info = smmuv3::kind_info(kind);
  std::optional<std::size_t> count;
  if (map.count("count") != 0) count = parse_count(map["count"].as<std::string>());
  const bool from_file = map.count("file") != 0;
  if (from_file && !texts.empty()) {
    throw ConfigError("file",
                      fmt::format("decode {}: words and --file together; give one of them", info.word));
  }
  if (!from_file && texts.empty()) {
    throw ConfigError("",
                      fmt::format("decode {}: no words given; expected {} in hexadecimal, the lowest first, "
                                  "- for standard input, or --file FILE",
                                  info.word, plural(info.words, "word")));
  }
  const unsigned unit = from_file ? 8 : 1;  // in what the parts are counted
  const char* noun = from_file ? "byte" : "word";
  const std::size_t size = std::size_t{info.words} * unit;
  std::string what = fmt::format("decode {}", info.word);
  LoggedWords result;
  std::vector<std::uint64_t>& words = result.words;
  std::size_t given = 0;
  if (from_file) {
    std::optional<std::size_t> limit;
    if (count) limit = *count * size;
    const auto path = map["file"].as<std::string>();
    const std::string bytes = bytes_of_file(path, input, limit);
    what += ": " + (path == "-" ? "standard input" : printable(path));
    given = bytes.size();
    words = words_of_bytes(bytes);
  } else if (texts.size() == 1 && texts[0] == "-") {
    const std::string text = bytes_of_file("-", input, std::nullopt);
    std::istringstream again(text);
    if (auto log = words_of_log(text, kind)) {
      result = std::move(*log);
      if (result.words.empty()) {
        throw ConfigError("", fmt::format("{}: standard input has no whole structure{}", what,
                                          result.notes.empty() ? "" : "; " + result.notes.front()));
      }
    } else {
      try {
        words = words_of_text(texts, again);
      } catch (const ConfigError& e) {
        throw ConfigError(e.key(),
                          fmt::format("{}; nor is it a log with the words of a {}", e.text(), info.title));
      }
    }
    given = words.size();
  } else {
    words = words_of_text(texts, input);
    given = words.size();
  }
  const std::size_t wanted = count ? *count * size : given;
  if (given < wanted) {
    throw ConfigError(
        "count", fmt::format("{}: --count {} needs {}, {} given", what, *count, plural(wanted, noun), given));
  }
  if (wanted == 0 || wanted % size != 0) {
    throw ConfigError(
        "", fmt::format("{}: each takes {}, the lowest first; {} given{}", what, plural(size, noun), given,
                        given < size ? fmt::format(": {} missing", size - given)
                                     : fmt::format(": --count {} takes the whole ones", given / size)));
  }
  words.resize(wanted / unit);
  if (!result.lines.empty()) result.lines.resize(words.size() / info.words);
  return result;
}

}  // namespace

std::string structure_kinds() {
  std::string text;
  for (unsigned i = 0; i < smmuv3::structure_kind_count; ++i) {
    text += (i == 0 ? "" : ", ") + std::string(smmuv3::kind_info(static_cast<smmuv3::StructureKind>(i)).word);
  }
  return text;
}

std::string structure_help() {
  std::string text;
  for (unsigned i = 0; i < smmuv3::structure_kind_count; ++i) {
    const smmuv3::StructureKindInfo& k = smmuv3::kind_info(static_cast<smmuv3::StructureKind>(i));
    text += fmt::format("    {:<6} {}, {}\n", k.word, k.title, plural(k.words, "word"));
  }
  std::ostringstream options;
  options << make_options();
  return text + "\n" + options.str();
}

std::vector<std::string> structure_option_names() {
  std::vector<std::string> names;
  const po::options_description options = make_options();  // lives as long as the loop
  for (const auto& o : options.options()) names.push_back("--" + o->long_name());
  return names;
}

void decode_structures(smmuv3::StructureKind kind, const std::vector<std::string>& arguments,
                       std::istream& input, const Output& output) {
  const smmuv3::StructureKindInfo& info = smmuv3::kind_info(kind);
  const po::options_description options = make_options();
  const po::variables_map map =
      parse_options(options, "words", fmt::format("decode {}", info.word), arguments);
  std::vector<std::string> texts;
  if (map.count("words") != 0) texts = map["words"].as<std::vector<std::string>>();
  if (!texts.empty()) texts.erase(texts.begin());  // the kind's own word

  Request request;
  request.kind = kind;
  request.nonzero = map.count("nonzero") != 0;
  request.json = map.count("json") != 0;
  if (map.count("param") != 0) {
    Params params(smmuv3::smmuv3_params(), "smmu");
    for (const std::string& text : map["param"].as<std::vector<std::string>>()) {
      const auto [name, value] = assignment(text, "param");
      params.set(name, value);
    }
    request.features = smmuv3::settings_of(smmuv3::with_preset(smmuv3::with_personality(params))).features;
    request.default_features = false;
  }
  request.colour = use_colour(map["color"].as<std::string>(), output.terminal);
  const smmuv3::Ste found_by = parse_world(map, kind);
  const LoggedWords given = take_words(map, texts, kind, input);
  const std::vector<std::uint64_t>& words = given.words;
  const std::size_t count = words.size() / info.words;
  nlohmann::ordered_json structures = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t* first = words.data() + i * info.words;
    const smmuv3::StructureExplanation e = smmuv3::explain(kind, first, request.features, found_by);
    const bool logged = !given.lines.empty();
    if (request.json) {
      structures.push_back(json_of(request, e, first));
      if (logged) structures.back()["line"] = given.lines[i];
      continue;
    }
    if (i != 0) output.print("\n");
    print(request, e,
          logged      ? fmt::format("line {}: ", given.lines[i])
          : count > 1 ? fmt::format("{}: ", i)
                      : "",
          output);
  }
  if (request.json) {
    nlohmann::ordered_json document = {{"structures", std::move(structures)}};
    if (!given.notes.empty()) document["notes"] = given.notes;
    output.print(document.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
    return;
  }
  for (const std::string& note : given.notes) output.print("\nnote: " + note + "\n");
}

}  // namespace smmuvp::tables

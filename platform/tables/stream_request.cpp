#include "stream_request.h"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <sstream>

#include "command_line.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"
#include "smmuvp/base/utf8.h"

namespace smmuvp::tables {

namespace po = boost::program_options;

namespace {

using Texts = std::vector<std::string>;

po::options_description make_options() {
  po::options_description options("Options with --sid", 110, 60);
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  const auto texts = [](const char* name) { return po::value<Texts>()->composing()->value_name(name); };
  options.add_options()                                                                       //
      ("sid", text("STREAMID"), "the stream")                                                 //
      ("ssid", text("SUBSTREAMID"), "the substream, of an SMMUv3; without it there is none")  //
      ("dump", texts("FILE"),
       "a memory image of 'run --dump-memory', or an ELF core file with physical addresses; FILE@ADDRESS for "
       "raw "
       "memory; may be repeated")                                                                     //
      ("smmu", text("NAME"), "which SMMU of the image, where there are several")                      //
      ("strtab-base", text("VALUE"), "SMMU_STRTAB_BASE of an SMMUv3, over what the image says")       //
      ("strtab-base-cfg", text("VALUE"), "SMMU_STRTAB_BASE_CFG, likewise")                            //
      ("register", texts("NAME=VALUE"), "any other register, such as SMMU_CR2=0x2; may be repeated")  //
      ("param", texts("NAME=VALUE"),
       "a parameter of the SMMU, as 'smmu-vp params smmuv3' (or smmuv2) lists them; may be repeated")  //
      ("access", text("WHAT")->default_value("read", ""),
       "read (as without it), write, read-write or execute")  //
      ("privileged", "the access is privileged")              //
      ("json", "JSON instead of text");
  return options;
}

void take_access(const std::string& what, StreamRequest& to) {
  if (what == "write") {
    to.kind = smmu::AccessKind::write;
  } else if (what == "read-write") {
    to.kind = smmu::AccessKind::atomic;
  } else if (what == "execute") {
    to.instruction = true;
  } else if (what != "read") {
    throw ConfigError(
        "access", fmt::format("--access must be read, write, read-write or execute, not {}", quoted(what)));
  }
}

po::variables_map parsed(const Texts& arguments) {
  const po::options_description options = make_options();
  return parse_options(options, "addresses", "walk --sid", arguments);
}

}  // namespace

StreamRequest stream_request_of(const Texts& arguments) {
  const po::variables_map map = parsed(arguments);
  const auto has = [&](const char* name) { return map.count(name) != 0; };
  const auto text = [&](const char* name) { return map[name].as<std::string>(); };
  const auto texts = [&](const char* name) { return has(name) ? map[name].as<Texts>() : Texts(); };
  const auto hex = [&](const char* name, unsigned bits) {
    return parse_hex(text(name), std::string("--") + name, bits);
  };
  // As in a configuration: decimal without 0x.
  const auto id = [&](const char* name, unsigned bits) {
    std::uint64_t value = 0;
    if (!parse_uint(text(name), value) || value >> bits != 0) {
      throw ConfigError(name,
                        fmt::format("--{}: {} is no number of {} bits", name, quoted(text(name)), bits));
    }
    return static_cast<std::uint32_t>(value);
  };
  StreamRequest r;
  r.stream_id = id("sid", 32);
  if (has("ssid")) r.substream_id = id("ssid", 20);
  r.dumps = texts("dump");
  if (r.dumps.empty()) {
    throw ConfigError("dump",
                      "walk --sid needs --dump FILE, such as 'smmu-vp run CONFIG --dump-memory FILE' writes");
  }
  if (has("smmu")) r.smmu = text("smmu");
  for (const auto& [option, name] :
       {std::pair("strtab-base", "SMMU_STRTAB_BASE"), {"strtab-base-cfg", "SMMU_STRTAB_BASE_CFG"}}) {
    if (has(option)) r.registers.emplace_back(name, hex(option, 64));
  }
  for (const std::string& given : texts("register")) {
    const auto [name, value] = assignment(given, "register");
    r.registers.emplace_back(name, parse_hex(value, "--register " + printable(name)));
  }
  for (const std::string& given : texts("param")) r.parameters.push_back(assignment(given, "param"));
  take_access(text("access"), r);
  r.privileged = has("privileged");
  r.json = has("json");
  r.addresses = texts("addresses");
  if (r.addresses.empty()) {
    throw ConfigError("", "walk --sid: no address given; expected for example 0x1000");
  }
  return r;
}

std::vector<SavedSmmu> take_dumps(const Texts& dumps, DumpMemory& memory) {
  std::vector<SavedSmmu> smmus;
  for (const std::string& dump : dumps) {
    const std::size_t at = dump.rfind('@');
    if (at != std::string::npos && at != 0 && !is_image(dump)) {
      memory.add(dump.substr(0, at), parse_hex(dump.substr(at + 1), "--dump " + printable(dump)));
      continue;
    }
    const MemoryImage image = read_image(dump);
    for (const MemoryImage::Range& range : image.ranges) memory.add(dump, range);
    smmus.insert(smmus.end(), image.smmus.begin(), image.smmus.end());
  }
  return smmus;
}

smmu::AccessRequest access_of(const StreamRequest& request, std::uint64_t address) {
  smmu::AccessRequest q;
  q.stream_id = request.stream_id;
  q.substream_valid = request.substream_id.has_value();
  q.substream_id = request.substream_id.value_or(0);
  q.address = address;
  q.kind = request.kind;
  q.instruction = request.instruction;
  q.privileged = request.privileged;
  return q;
}

smmu::DebugMemory debug_memory(const DumpMemory& memory) {
  return [&memory](const smmu::MemoryOp& op) {
    smmu::MemoryAnswer answer;
    if (!memory.read(op.address, op.size, answer.data.data())) {
      answer.status = smmu::MemoryStatus::external_abort;
    }
    return answer;
  };
}

std::string stream_walk_help() {
  std::ostringstream options;
  options << make_options();
  return options.str();
}

}  // namespace smmuvp::tables

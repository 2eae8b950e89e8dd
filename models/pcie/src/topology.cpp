#include "smmuvp/pcie/topology.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"

namespace smmuvp::pcie {

namespace {

constexpr std::size_t max_functions = 32;
constexpr unsigned max_depth = 8;
constexpr unsigned max_devices = 32;     // Base 7.3.1
constexpr unsigned max_in_device = 8;    // Base 7.3.1
constexpr unsigned max_pasid_bits = 20;  // Base 7.8.8.2

// What the brackets of a word hold.
enum class Bus : std::uint8_t { Root, Link, Conventional };

struct Word {
  const char* text;
  Kind kind;
  bool acs;
};

constexpr Word words[] = {
    {"dma", Kind::Endpoint, false},
    {"dma-acs", Kind::Endpoint, true},
    {"port", Kind::RootPort, true},
    {"port-noacs", Kind::RootPort, false},
    {"switch", Kind::UpstreamPort, true},  // ACS: of its downstream ports
    {"switch-noacs", Kind::UpstreamPort, false},
    {"bridge", Kind::ExpressToPciBridge, false},
};

class Parser {
 public:
  explicit Parser(std::string_view text) : m_text(text) {}

  std::vector<FunctionInfo> parse() {
    devices(FunctionInfo::bus0, Bus::Root, 1);
    if (m_at != m_text.size()) refuse("expected ',' or the end");
    if (m_functions.empty()) refuse("there is no function");
    for (const FunctionInfo& f : m_functions) tell_above(f);
    return std::move(m_functions);
  }

 private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw ConfigError("topology", fmt::format("topology: {} at character {} of '{}'", why, m_at + 1, m_text));
  }
  void skip() {
    while (m_at < m_text.size() && (m_text[m_at] == ' ' || m_text[m_at] == '\t' || m_text[m_at] == '\n'))
      ++m_at;
  }
  bool take(char c) {
    skip();
    if (m_at == m_text.size() || m_text[m_at] != c) return false;
    ++m_at;
    return true;
  }
  bool at_end_of_list() {
    skip();
    return m_at == m_text.size() || m_text[m_at] == ']';
  }

  // Ports offer what an endpoint below needs of them.
  void tell_above(const FunctionInfo& endpoint) {
    if (endpoint.is_bridge()) return;
    for (int above = endpoint.parent; above != FunctionInfo::bus0;) {
      FunctionInfo& port = m_functions[static_cast<std::size_t>(above)];
      port.ats |= endpoint.ats;
      port.pasid_bits = std::max(port.pasid_bits, endpoint.pasid_bits);
      above = port.parent;
    }
  }

  std::string_view letters() {
    skip();
    const std::size_t begin = m_at;
    while (m_at < m_text.size() && ((m_text[m_at] >= 'a' && m_text[m_at] <= 'z') || m_text[m_at] == '-'))
      ++m_at;
    return m_text.substr(begin, m_at - begin);
  }

  unsigned number(unsigned most) {
    skip();
    unsigned value = 0;
    const std::size_t begin = m_at;
    while (m_at < m_text.size() && m_text[m_at] >= '0' && m_text[m_at] <= '9' && value <= most)
      value = value * 10 + static_cast<unsigned>(m_text[m_at++] - '0');
    if (m_at == begin || value == 0 || value > most) {
      m_at = begin;
      refuse(fmt::format("expected a number from 1 to {}", most));
    }
    return value;
  }

  // What stands in round brackets behind an endpoint.
  void attributes(FunctionInfo& info) {
    if (!take('(')) return;
    if (info.conventional) refuse("a conventional function has no ATS, PASID or PRI;");
    do {
      skip();
      const std::size_t begin = m_at;
      const std::string_view name = letters();
      if (name == "ats") {
        info.ats = true;
      } else if (name == "pasid") {
        if (!take('=')) refuse("expected '='");
        info.pasid_bits = static_cast<std::uint8_t>(number(max_pasid_bits));
      } else if (name == "pri" || name == "pri-plain") {
        info.pri = true;
        info.pri_takes_pasid = name == "pri";
      } else {
        m_at = begin;
        refuse("expected one of ats, pasid, pri, pri-plain");
      }
    } while (take(','));
    if (!take(')')) refuse("expected ',' or ')'");
    if (info.pri && !info.ats) refuse("pri needs ats;");
    info.pri_takes_pasid = info.pri_takes_pasid && info.pasid_bits != 0;
  }

  // Items that commas part, up to a bracket or the end.
  void devices(int parent, Bus bus, unsigned first) {
    if (at_end_of_list()) return;
    unsigned number = first;
    do {
      if (bus == Bus::Link && number != first) refuse("a link has one device; expected ']'");
      if (number == max_devices) refuse("a bus has no more than 32 devices");
      device(parent, bus, number++);
    } while (take(','));
  }

  void device(int parent, Bus bus, unsigned number) {
    std::vector<std::size_t> members;
    do {
      if (members.size() == max_in_device) refuse("a device has no more than 8 functions");
      const std::size_t index = m_functions.size();
      function(parent, bus, number, static_cast<unsigned>(members.size()));
      members.push_back(index);
    } while (take('+'));
    if (members.size() == 1) return;
    for (const std::size_t i : members) {
      if (m_functions[i].is_bridge()) refuse("only endpoints can be functions of one device;");
      m_functions[i].multifunction = true;
    }
  }

  const Word& word() {
    skip();
    const std::size_t begin = m_at;
    const std::string_view name = letters();
    const auto* const found =
        std::find_if(std::begin(words), std::end(words), [&](const Word& w) { return name == w.text; });
    if (found != std::end(words)) return *found;
    m_at = begin;
    std::vector<std::string> known;
    for (const Word& w : words) known.emplace_back(w.text);
    const std::string near = nearest(name, known);
    refuse(near.empty() ? fmt::format("expected one of {}", fmt::join(known, ", "))
                        : fmt::format("'{}' is unknown; did you mean '{}'?", name, near));
  }

  int add(const FunctionInfo& info) {
    if (m_functions.size() == max_functions) refuse("there are no more than 32 functions");
    m_functions.push_back(info);
    return static_cast<int>(m_functions.size() - 1);
  }

  void function(int parent, Bus bus, unsigned device, unsigned number) {
    const Word& w = word();
    FunctionInfo info;
    info.kind = w.kind;
    info.acs = w.acs;
    info.device = static_cast<std::uint8_t>(device);
    info.function = static_cast<std::uint8_t>(number);
    info.parent = parent;
    info.conventional = bus == Bus::Conventional;
    switch (w.kind) {
      case Kind::Endpoint:
        if (w.acs && info.conventional) refuse("a conventional function has no ACS;");
        attributes(info);
        add(info);
        return;
      case Kind::RootPort:
        if (bus != Bus::Root) refuse("a root port stands on bus 0;");
        below(add(info), Bus::Link);
        return;
      case Kind::UpstreamPort:
        if (bus != Bus::Link) refuse("a switch stands below a port;");
        info.acs = false;  // Base 6.12.1: of downstream ports, and of functions of a device that has several
        switch_ports(add(info), w.acs);
        return;
      default:
        if (bus == Bus::Root) refuse("a bridge stands below a port or another bridge;");
        if (bus == Bus::Conventional) info.kind = Kind::PciBridge;
        below(add(info), Bus::Conventional);
        return;
    }
  }

  void open() {
    if (!take('[')) refuse("expected '['");
    if (++m_depth > max_depth) refuse("brackets are no more than 8 deep;");
  }
  void close() {
    if (!take(']')) refuse("expected ',' or ']'");
    --m_depth;
  }

  void below(int bridge, Bus bus) {
    open();
    devices(bridge, bus, 0);
    close();
  }

  // Each item has a downstream port of its own.
  void switch_ports(int upstream, bool acs) {
    open();
    unsigned number = 0;
    if (!at_end_of_list()) {
      do {
        if (number == max_devices) refuse("a bus has no more than 32 devices");
        FunctionInfo port;
        port.kind = Kind::DownstreamPort;
        port.acs = acs;
        port.device = static_cast<std::uint8_t>(number++);
        port.parent = upstream;
        const int index = add(port);
        device(index, Bus::Link, 0);
      } while (take(','));
    }
    close();
  }

  std::string_view m_text;
  std::size_t m_at = 0;
  unsigned m_depth = 0;
  std::vector<FunctionInfo> m_functions;
};

}  // namespace

std::vector<FunctionInfo> parse_topology(std::string_view text) { return Parser(text).parse(); }

unsigned buses_of(const std::vector<FunctionInfo>& functions) {
  return 1 + static_cast<unsigned>(std::count_if(functions.begin(), functions.end(),
                                                 [](const FunctionInfo& f) { return f.is_bridge(); }));
}

}  // namespace smmuvp::pcie
